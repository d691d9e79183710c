namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>The cheapest candidates seen, equal costs by index. Bounded, one writer.</summary>
internal sealed class BestPlans(int capacity)
{
    private readonly float[] _costs = new float[capacity];
    private readonly int[] _indices = new int[capacity];
    private int _wanted;

    public int Count { get; private set; }

    public void Clear(int wanted) => (_wanted, Count) = (wanted, 0);

    public (int Index, float Cost) this[int rank] => (_indices[rank], _costs[rank]);

    /// <summary>A cost that is no finite number is never among the best.</summary>
    public void Offer(int index, float cost)
    {
        if (!float.IsFinite(cost) || (Count == _wanted && !Before(index, cost, Count - 1))) return;
        int at = Count < _wanted ? Count++ : Count - 1;
        for (; at > 0 && Before(index, cost, at - 1); at--) (_costs[at], _indices[at]) = (_costs[at - 1], _indices[at - 1]);
        (_costs[at], _indices[at]) = (cost, index);
    }

    public void Offer(BestPlans others)
    {
        for (int rank = 0; rank < others.Count; rank++) Offer(others._indices[rank], others._costs[rank]);
    }

    private bool Before(int index, float cost, int rank) => cost < _costs[rank] || (cost == _costs[rank] && index < _indices[rank]);
}
