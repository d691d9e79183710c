using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>A plan in plain loops, from the definitions alone: what every engine must agree with. Slow.</summary>
internal static class ScalarRollout
{
    /// <summary>Every candidate, in its own place.</summary>
    public static RolloutPlan[] All(DynamicsNet net, RolloutProblem problem)
    {
        var plans = new RolloutPlan[problem.Candidates];
        var state = new float[net.StateSize];
        var action = new float[net.ActionSize];
        for (int candidate = 0; candidate < plans.Length; candidate++)
        {
            float[] fractions = new float[problem.Steps], moisture = new float[problem.Steps];
            CandidateSampler.Fill(problem, candidate, fractions);
            problem.State.CopyTo(state, 0);
            for (int step = 0; step < problem.Steps; step++)
            {
                problem.Known.AsSpan(step * action.Length, action.Length).CopyTo(action);
                CandidateSampler.Quarters(fractions[step], action);
                net.Step(state, action);
                moisture[step] = (state[0] * problem.MoistureScale) + problem.MoistureOffset;
            }

            plans[candidate] = new RolloutPlan(candidate, PlanCost.Of(problem, fractions, moisture), fractions, moisture);
        }

        return plans;
    }
}
