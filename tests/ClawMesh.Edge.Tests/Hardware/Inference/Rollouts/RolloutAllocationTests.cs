using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;
using ClawMesh.Edge.Tests.Agent.Node;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

/// <summary>Counts what the whole process allocates, threads of the engine included.</summary>
[Collection(nameof(Alone))]
public sealed class RolloutAllocationTests
{
    private const int Plans = 50;

    [Fact]
    public void A_plan_allocates_its_answer_and_nothing_else()
    {
        DynamicsNet net = RolloutCases.Net(1);
        RolloutProblem problem = RolloutCases.Problem(1, net, candidates: 512) with { Best = 2 };
        using var engine = new CpuRolloutEngine(net, threads: 2);
        // An array of two, and for each of them the plan and two arrays of floats.
        const long Answer = 16 + 8 + (2 * 8) + (2 * (40 + (2 * (24 + (24 * 4)))));

        Assert.InRange(Least(() => engine.Plan(problem)), 1, Answer);
    }

    [Fact]
    public void Rolling_given_actions_allocates_nothing()
    {
        DynamicsNet net = RolloutCases.Net(2);
        float[] states = new float[64 * 16], actions = new float[64 * 24 * 8], moisture = new float[64 * 24];
        using var engine = new CpuRolloutEngine(net, threads: 2);

        Assert.Equal(0, Least(() => engine.Roll(states, actions, 24, moisture)));
    }

    // The runner of the tests allocates now and then, in the same process: the quietest of a few stretches counts.
    private static long Least(Action act)
    {
        for (int i = 0; i < Plans; i++) act();
        long least = long.MaxValue;
        for (int stretch = 0; stretch < 8; stretch++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Plans; i++) act();
            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / Plans);
        }

        return least;
    }
}
