using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

public sealed class OrtRolloutEngineTests
{
    [Theory]
    [InlineData(1, 256)]
    [InlineData(3, 257)]
    [InlineData(4, 3)]
    public void The_best_plans_are_those_that_the_plain_loops_find(int threads, int candidates)
    {
        using OrtRolloutEngine engine = Engine(threads);
        foreach (uint seed in (uint[])[1, 2])
        {
            RolloutProblem problem = Problem(seed, candidates);

            IReadOnlyList<RolloutPlan> plans = engine.Plan(problem);

            RolloutPlan[] expected = [.. Enumerable.Range(0, candidates).Select(i => Plain(problem, i)).OrderBy(p => p.Cost).ThenBy(p => p.Index).Take(problem.Best)];
            Assert.Equal(expected.Length, plans.Count);
            for (int i = 0; i < plans.Count; i++)
            {
                // Two candidates may cost the same but for the last bit; their costs then agree all the same.
                RolloutPlan same = Plain(problem, plans[i].Index);
                Assert.Equal(expected[i].Cost, plans[i].Cost, 1e-3f);
                Assert.Equal(same.Fractions, plans[i].Fractions);
                for (int step = 0; step < problem.Steps; step++) Assert.Equal(same.MoisturePercent[step], plans[i].MoisturePercent[step], 1e-5f * problem.MoistureScale);
            }
        }
    }

    [Fact]
    public void The_number_of_threads_changes_nothing()
    {
        using OrtRolloutEngine one = Engine(1), three = Engine(3);
        RolloutProblem problem = Problem(9, 500);

        Assert.Equal(one.Plan(problem).Select(p => p.Index), three.Plan(problem).Select(p => p.Index));
    }

    [Fact]
    public void Equal_costs_go_by_index()
    {
        using OrtRolloutEngine engine = Engine(2);
        RolloutProblem problem = Problem(1, 100) with { Allowed = new byte[TestModel.Steps], Given = [] };

        Assert.Equal([0, 1, 2, 3], engine.Plan(problem).Select(p => p.Index));
    }

    [Fact]
    public void Fewer_steps_than_the_graph_has_are_planned_as_well()
    {
        using OrtRolloutEngine engine = Engine(2);
        RolloutProblem problem = Problem(5, 64, steps: 7);

        RolloutPlan best = engine.Plan(problem)[0];

        Assert.Equal(Plain(problem, best.Index).Cost, best.Cost, 1e-3f);
        Assert.Equal((7, 7), (best.Fractions.Length, best.MoisturePercent.Length));
    }

    [Fact]
    public void More_steps_than_the_graph_has_are_refused()
    {
        using OrtRolloutEngine engine = Engine(1);

        EdgeException refused = Assert.Throws<EdgeException>(() => engine.Plan(Problem(1, 8, steps: 25)));

        Assert.Equal(("model.too_many_steps", FailureClass.Model), (refused.Code, refused.FailureClass));
    }

    [Fact]
    public void A_model_without_numbers_makes_no_plan_and_the_engine_goes_on()
    {
        using OrtRolloutEngine engine = Engine(2);
        RolloutProblem problem = Problem(1, 64);

        EdgeException none = Assert.Throws<EdgeException>(() => engine.Plan(problem with { State = [.. problem.State.Select(_ => 3e38f)] }));

        Assert.Equal(("model.not_a_number", FailureClass.Model), (none.Code, none.FailureClass));
        Assert.Equal(4, engine.Plan(problem).Count);
    }

    [Fact]
    public void Given_actions_are_rolled_forward_row_by_row_in_parts_of_the_largest_batch()
    {
        using var engine = new OrtRolloutEngine(InstalledOrt.Library, TestModel.File(), new OrtOptions { Provider = OrtProvider.Cpu, LargestBatch = 4 });
        const int Rows = 11, Steps = 9;
        float[] states = TestModel.Numbers(Rows * SoilState.Size, 1), actions = TestModel.Numbers(Rows * Steps * SoilAction.Size, 2);
        var moisture = new float[Rows * Steps];

        engine.Roll(states, actions, Steps, moisture);

        for (int row = 0; row < Rows; row++)
        {
            float[] expected = TestModel.Trajectory(TestModel.Net, states.AsSpan(row * SoilState.Size, SoilState.Size), actions.AsSpan(row * Steps * SoilAction.Size, Steps * SoilAction.Size));
            for (int step = 0; step < Steps; step++) Assert.Equal(expected[step * SoilState.Size], moisture[(row * Steps) + step], 1e-5f);
        }
    }

    [Fact]
    public void The_engine_says_what_it_runs_on()
    {
        using OrtRolloutEngine engine = Engine(2);

        Assert.Equal("onnx", engine.Name);
        Assert.Equal($"ONNX Runtime {InstalledOrt.Library.Version}, CPU, 2 threads", engine.Device);
        Assert.Equal(3, engine.Skipped.Count);
    }

    [Fact]
    public void A_model_of_another_kind_is_no_engine()
    {
        EdgeException other = Assert.Throws<EdgeException>(() => new OrtRolloutEngine(InstalledOrt.Library, TestModel.File(change: m => m with { Outputs = [m.Outputs[0] with { Name = "path" }] }), new OrtOptions()));

        Assert.Equal("model.not_dynamics", other.Code);
        Assert.Contains("path [batch, 24, 16]", other.Why, StringComparison.Ordinal);
    }

    private static OrtRolloutEngine Engine(int threads) => new(InstalledOrt.Library, TestModel.File(), new OrtOptions { Provider = OrtProvider.Cpu, Threads = threads });

    [Fact]
    public void A_plan_that_fails_unlike_any_other_leaves_no_lane_at_work()
    {
        using OrtRolloutEngine one = Engine(1), three = Engine(3);
        RolloutProblem problem = Problem(4, 300);
        IReadOnlyList<RolloutPlan> expected = one.Plan(problem);

        for (int round = 0; round < 5; round++)
        {
            // Every lane fails, the caller's own too; the others used to be left behind.
            Exception failed = Assert.ThrowsAny<Exception>(() => three.Plan(problem with { LowPercent = [] }));
            Assert.IsNotType<EdgeException>(failed);

            Assert.Equal(expected.Select(p => (p.Index, p.Cost)), three.Plan(problem).Select(p => (p.Index, p.Cost)));
        }
    }

    private static RolloutProblem Problem(uint seed, int candidates, int steps = TestModel.Steps) => new()
    {
        Steps = steps,
        State = TestModel.Numbers(SoilState.Size, (int)seed),
        Known = TestModel.Numbers(steps * SoilAction.Size, (int)seed + 100),
        Allowed = [.. Enumerable.Range(0, steps).Select(i => (byte)(i % 5 == 4 ? 0 : 1))],
        LowPercent = [.. Enumerable.Repeat(28f, steps)],
        HighPercent = [.. Enumerable.Repeat(34f, steps)],
        MoistureScale = 8,
        MoistureOffset = 25,
        MaxFraction = 0.75f,
        LitresPerHour = 600,
        BudgetLitres = 900,
        Seed = seed,
        Candidates = candidates,
        Given = new float[steps],
    };

    private static RolloutPlan Plain(RolloutProblem problem, int candidate)
    {
        var fractions = new float[problem.Steps];
        CandidateSampler.Fill(problem, candidate, fractions);
        float[] actions = [.. problem.Known];
        for (int step = 0; step < problem.Steps; step++) CandidateSampler.Quarters(fractions[step], actions.AsSpan(step * SoilAction.Size, 4));
        float[] trajectory = TestModel.Trajectory(TestModel.Net, problem.State, actions);
        float[] percent = [.. Enumerable.Range(0, problem.Steps).Select(step => (trajectory[step * SoilState.Size] * problem.MoistureScale) + problem.MoistureOffset)];
        return new RolloutPlan(candidate, PlanCost.Of(problem, fractions, percent), fractions, percent);
    }
}
