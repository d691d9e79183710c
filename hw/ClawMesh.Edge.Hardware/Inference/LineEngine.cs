using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>
/// A rollout engine for whoever thinks in plain calls: hands each to the inference thread and waits there for at most the second that
/// answers take. For the planner's own task only; nothing that others wait for may call it.
/// </summary>
public sealed class LineEngine(EngineForecaster line, ModelSizes net) : IRolloutEngine
{
    public string Name => line.Facts.Provider;

    public string Device => "the inference thread";

    public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem)
    {
        PlanRun run = line.PlanAsync(problem, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return run.Unavailable is { } why ? throw None(why, run.FailureClass) : run.Best;
    }

    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        int count = states.Length / net.StateSize, row = steps * net.ActionSize;
        for (int i = 0; i < count; i++)
        {
            ForecastRun run = line.RunAsync(states.Slice(i * net.StateSize, net.StateSize).ToArray(), actions.Slice(i * row, row).ToArray(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (run.Unavailable is { } why) throw None(why, run.FailureClass);
            run.Moisture.CopyTo(moisture[(i * steps)..]);
        }
    }

    /// <summary>The line belongs to whoever made it.</summary>
    public void Dispose()
    {
    }

    private static EdgeException None(string why, FailureClass? failureClass) =>
        new("model.unavailable", "The model did not answer.", why, "`clawmesh-edge diag gpu` tries every engine.", failureClass ?? FailureClass.Model);
}
