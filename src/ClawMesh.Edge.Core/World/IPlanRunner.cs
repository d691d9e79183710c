using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.World;

/// <summary>Makes rollout plans on the inference thread, so that whoever plans never waits for an engine.</summary>
public interface IPlanRunner
{
    /// <summary>Never throws for what the engine did: that is an answer without plans. Answers within a second.</summary>
    /// <exception cref="ArgumentException">The problem does not fit the model.</exception>
    ValueTask<PlanRun> PlanAsync(RolloutProblem problem, CancellationToken cancellationToken);
}

/// <summary>What came of one problem: either the best plans or why there are none.</summary>
/// <param name="Best">Cheapest first; empty when unavailable.</param>
/// <param name="Engine">Which engine made them; empty when unavailable.</param>
/// <param name="Unavailable">Why there is none; null when there are some.</param>
public sealed record PlanRun(IReadOnlyList<RolloutPlan> Best, string Engine, string? Unavailable, FailureClass? FailureClass)
{
    public static PlanRun Of(IReadOnlyList<RolloutPlan> best, string engine) => new(best, engine, null, null);

    public static PlanRun None(string why, FailureClass failureClass) => new([], "", why, failureClass);
}
