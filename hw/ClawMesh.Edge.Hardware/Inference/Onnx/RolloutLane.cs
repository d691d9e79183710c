using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>A consecutive part of the candidates: drawn, rolled forward in one run and costed, all on one thread.</summary>
internal sealed class RolloutLane(OrtSession session, DynamicsPorts ports) : IDisposable
{
    private OrtRun? _run;
    private int _first;

    /// <summary>The cheapest of this lane, cheapest first; equal costs go by index.</summary>
    public List<(float Cost, int Index)> Best { get; } = [];

    public void Plan(RolloutProblem problem, int first, int count)
    {
        _first = first;
        Best.Clear();
        OrtRun run = Prepare(count);
        Span<float> fractions = stackalloc float[problem.Steps];
        Span<float> states = run.Input(ports.StateInput), actions = run.Input(ports.ActionsInput);
        // A graph of more steps than the problem has goes on with zeros; nobody looks there.
        actions.Clear();
        for (int i = 0; i < count; i++)
        {
            problem.State.CopyTo(states[(i * ports.StateSize)..]);
            CandidateSampler.Fill(problem, first + i, fractions);
            Span<float> rows = actions.Slice(i * ports.Steps * ports.ActionSize, problem.Steps * ports.ActionSize);
            problem.Known.CopyTo(rows);
            for (int step = 0; step < problem.Steps; step++) CandidateSampler.Quarters(fractions[step], rows.Slice(step * ports.ActionSize, 4));
        }

        run.Run();
        Span<float> percent = stackalloc float[problem.Steps];
        for (int i = 0; i < count; i++)
        {
            CandidateSampler.Fill(problem, first + i, fractions);
            Percent(problem, first + i, percent);
            Keep(PlanCost.Of(problem, fractions, percent), first + i, problem.Best);
        }
    }

    /// <summary>What the model expects of a candidate of the last plan.</summary>
    public void Percent(RolloutProblem problem, int candidate, Span<float> percent)
    {
        ReadOnlySpan<float> trajectory = _run!.Output(ports.TrajectoryOutput)[((candidate - _first) * ports.Steps * ports.StateSize)..];
        for (int step = 0; step < problem.Steps; step++) percent[step] = (trajectory[(step * ports.StateSize) + SoilState.Moisture] * problem.MoistureScale) + problem.MoistureOffset;
    }

    /// <summary>Rolls rows of given actions forward.</summary>
    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        int count = moisture.Length / steps;
        OrtRun run = Prepare(count);
        states.CopyTo(run.Input(ports.StateInput));
        Span<float> given = run.Input(ports.ActionsInput);
        given.Clear();
        int row = steps * ports.ActionSize;
        for (int i = 0; i < count; i++) actions.Slice(i * row, row).CopyTo(given[(i * ports.Steps * ports.ActionSize)..]);
        run.Run();
        ReadOnlySpan<float> trajectory = run.Output(ports.TrajectoryOutput);
        for (int i = 0; i < count; i++)
        {
            for (int step = 0; step < steps; step++) moisture[(i * steps) + step] = trajectory[(((i * ports.Steps) + step) * ports.StateSize) + SoilState.Moisture];
        }
    }

    public void Dispose() => _run?.Dispose();

    private OrtRun Prepare(int count)
    {
        if (_run?.Batch == count) return _run;
        _run?.Dispose();
        _run = null;
        return _run = session.Prepare(count);
    }

    private void Keep(float cost, int index, int most)
    {
        // Infinite is what a candidate costs that the model had no numbers for.
        if (!float.IsFinite(cost) || (Best.Count == most && !(cost < Best[^1].Cost))) return;
        if (Best.Count == most) Best.RemoveAt(most - 1);
        int place = Best.Count;
        while (place > 0 && cost < Best[place - 1].Cost) place--;
        Best.Insert(place, (cost, index));
    }
}
