using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.TestKit.World;

/// <summary>The engine that is slow and plainly right: one candidate after the other through <see cref="DynamicsNet.Step"/>.</summary>
public sealed class ReferenceRolloutEngine(DynamicsNet net) : IRolloutEngine
{
    public string Name => "reference";

    public string Device => "one thread, plain loops";

    public int Plans { get; private set; }

    public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem)
    {
        Plans++;
        var found = new PriorityQueue<RolloutPlan, (float Cost, int Index)>(Comparer<(float Cost, int Index)>.Create((a, b) => b.CompareTo(a)));
        var fractions = new float[problem.Steps];
        var moisture = new float[problem.Steps];
        float[] actions = [.. problem.Known];
        for (int candidate = 0; candidate < problem.Candidates; candidate++)
        {
            CandidateSampler.Fill(problem, candidate, fractions);
            for (int step = 0; step < problem.Steps; step++) CandidateSampler.Quarters(fractions[step], actions.AsSpan(step * net.ActionSize, 4));
            RollOne(problem.State, actions, moisture);
            for (int step = 0; step < problem.Steps; step++) moisture[step] = (moisture[step] * problem.MoistureScale) + problem.MoistureOffset;
            float cost = PlanCost.Of(problem, fractions, moisture);
            if (float.IsPositiveInfinity(cost) || (found.Count == problem.Best && found.TryPeek(out _, out (float Cost, int Index) worst) && (cost, candidate).CompareTo(worst) > 0)) continue;
            found.Enqueue(new RolloutPlan(candidate, cost, [.. fractions], [.. moisture]), (cost, candidate));
            if (found.Count > problem.Best) found.Dequeue();
        }

        if (found.Count == 0) throw new EdgeException("model.not_a_number", "No plan.", "No candidate had a cost.", "Look at the model.", FailureClass.Model);
        return [.. found.UnorderedItems.Select(item => item.Element).OrderBy(plan => plan.Cost).ThenBy(plan => plan.Index)];
    }

    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        int count = states.Length / net.StateSize;
        for (int i = 0; i < count; i++)
            RollOne(states.Slice(i * net.StateSize, net.StateSize), actions.Slice(i * steps * net.ActionSize, steps * net.ActionSize), moisture.Slice(i * steps, steps));
    }

    public void Dispose()
    {
    }

    private void RollOne(ReadOnlySpan<float> from, ReadOnlySpan<float> actions, Span<float> moisture)
    {
        Span<float> state = stackalloc float[net.StateSize];
        from.CopyTo(state);
        for (int step = 0; step < moisture.Length; step++)
        {
            net.Step(state, actions.Slice(step * net.ActionSize, net.ActionSize));
            moisture[step] = state[SoilState.Moisture];
        }
    }
}
