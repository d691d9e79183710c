namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>
/// The ids of the frames seen last ([W-74], [W-76]): when full, the id that was met longest ago is forgotten. The wire contract
/// wants room for at least 5,000. Memory grows with use, up to the capacity. Not thread-safe: its owner locks.
/// </summary>
public sealed class SeenSet
{
    private const int FirstSlots = 256;

    private readonly int _capacity;
    private readonly Dictionary<string, int> _slotOf = new(StringComparer.Ordinal);

    // Slot 0 ties the ring: its next is the newest id, its previous the oldest.
    private string[] _ids;
    private int[] _previous;
    private int[] _next;

    public SeenSet(int capacity = 20_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        int slots = Math.Min(capacity, FirstSlots) + 1;
        _ids = new string[slots];
        _previous = new int[slots];
        _next = new int[slots];
    }

    public int Count => _slotOf.Count;

    /// <summary>Ids forgotten so far to make room.</summary>
    public long Evicted { get; private set; }

    /// <summary>Marks an id as seen just now. True: it was not known.</summary>
    public bool Add(string id)
    {
        if (_slotOf.TryGetValue(id, out int slot))
        {
            Unlink(slot);
            LinkNewest(slot);
            return false;
        }

        slot = Count < _capacity ? NewSlot() : Evict();
        _ids[slot] = id;
        _slotOf.Add(id, slot);
        LinkNewest(slot);
        return true;
    }

    /// <summary>Whether an id is known. Does not refresh it.</summary>
    public bool Contains(string id) => _slotOf.ContainsKey(id);

    private int NewSlot()
    {
        int slot = Count + 1;
        if (slot == _ids.Length)
        {
            int slots = (int)Math.Min(_capacity + 1L, _ids.Length * 2L);
            Array.Resize(ref _ids, slots);
            Array.Resize(ref _previous, slots);
            Array.Resize(ref _next, slots);
        }

        return slot;
    }

    private int Evict()
    {
        int oldest = _previous[0];
        Unlink(oldest);
        _slotOf.Remove(_ids[oldest]);
        Evicted++;
        return oldest;
    }

    private void Unlink(int slot)
    {
        _next[_previous[slot]] = _next[slot];
        _previous[_next[slot]] = _previous[slot];
    }

    private void LinkNewest(int slot)
    {
        _previous[slot] = 0;
        _next[slot] = _next[0];
        _previous[_next[0]] = slot;
        _next[0] = slot;
    }
}
