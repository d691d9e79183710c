using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>What one thread works with: a tile of rows, its activations and what came of each row. One thread at a time.</summary>
internal sealed class CpuTile(TileNet net)
{
    /// <summary>Rows that go through the net together; with the weights of the shipped net they stay in the first-level cache.</summary>
    public const int Rows = 32;

    private readonly float[] _rows = new float[Rows * net.RowColumns];
    private readonly float[] _first = new float[Rows * net.HiddenColumns];
    private readonly float[] _second = new float[Rows * net.HiddenColumns];
    private float[] _fractions = [];
    private float[] _moisture = [];

    public BestPlans Best { get; } = new(RolloutBounds.MaxBest);

    public void Reserve(int steps)
    {
        if (_fractions.Length >= Rows * steps) return;
        _fractions = new float[Rows * steps];
        _moisture = new float[Rows * steps];
    }

    /// <summary>Rolls the candidates <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> and offers each to <see cref="Best"/>.</summary>
    public void Plan(RolloutProblem problem, int first, int count)
    {
        int steps = problem.Steps;
        for (int row = 0; row < count; row++) CandidateSampler.Fill(problem, first + row, _fractions.AsSpan(row * steps, steps));
        RollFractions(problem, count);
        for (int row = 0; row < count; row++)
        {
            Best.Offer(first + row, PlanCost.Of(problem, _fractions.AsSpan(row * steps, steps), _moisture.AsSpan(row * steps, steps)));
        }
    }

    /// <summary>Rolls the plans of <paramref name="best"/> once more, for what is expected of each; a row's numbers do not depend on its tile.</summary>
    public void Trace(RolloutProblem problem, BestPlans best, RolloutPlan[] into)
    {
        int steps = problem.Steps;
        for (int first = 0; first < into.Length; first += Rows)
        {
            int count = Math.Min(Rows, into.Length - first);
            for (int row = 0; row < count; row++) CandidateSampler.Fill(problem, best[first + row].Index, _fractions.AsSpan(row * steps, steps));
            RollFractions(problem, count);
            for (int row = 0; row < count; row++)
            {
                (int index, float cost) = best[first + row];
                into[first + row] = new RolloutPlan(index, cost, _fractions.AsSpan(row * steps, steps).ToArray(), _moisture.AsSpan(row * steps, steps).ToArray());
            }
        }
    }

    /// <param name="states">[count, StateSize].</param>
    /// <param name="actions">[count, steps, ActionSize].</param>
    /// <param name="moisture">[count, steps].</param>
    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int count, int steps, Span<float> moisture)
    {
        int state = net.Net.StateSize, action = net.Net.ActionSize;
        _rows.AsSpan().Clear();
        for (int row = 0; row < count; row++) states.Slice(row * state, state).CopyTo(_rows.AsSpan(row * net.RowColumns));
        for (int step = 0; step < steps; step++)
        {
            for (int row = 0; row < count; row++) actions.Slice(((row * steps) + step) * action, action).CopyTo(Action(row));
            net.Step(_rows, _first, _second, Padded(count));
            for (int row = 0; row < count; row++) moisture[(row * steps) + step] = _rows[row * net.RowColumns];
        }
    }

    private void RollFractions(RolloutProblem problem, int count)
    {
        int steps = problem.Steps, action = net.Net.ActionSize;
        _rows.AsSpan().Clear();
        for (int row = 0; row < count; row++) problem.State.CopyTo(_rows.AsSpan(row * net.RowColumns));
        for (int step = 0; step < steps; step++)
        {
            ReadOnlySpan<float> known = problem.Known.AsSpan(step * action, action);
            for (int row = 0; row < count; row++)
            {
                Span<float> to = Action(row);
                known.CopyTo(to);
                CandidateSampler.Quarters(_fractions[(row * steps) + step], to);
            }

            net.Step(_rows, _first, _second, Padded(count));
            for (int row = 0; row < count; row++)
            {
                _moisture[(row * steps) + step] = (_rows[row * net.RowColumns] * problem.MoistureScale) + problem.MoistureOffset;
            }
        }
    }

    private Span<float> Action(int row) => _rows.AsSpan((row * net.RowColumns) + net.StateColumns, net.Net.ActionSize);

    private static int Padded(int count) => (count + TileNet.RowBlock - 1) / TileNet.RowBlock * TileNet.RowBlock;
}
