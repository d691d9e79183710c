using System.Runtime.Intrinsics;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

public sealed class CpuRolloutEngineTests
{
    private static readonly DynamicsNet Net = RolloutCases.Net(1);

    [Fact]
    public void Plans_agree_with_the_definitions_over_many_nets_and_problems()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            DynamicsNet net = RolloutCases.Net(seed);
            RolloutProblem problem = RolloutCases.Problem(seed, net);
            using var engine = new CpuRolloutEngine(net, threads: 2);

            string? difference = EngineSelfTest.Difference(ScalarRollout.All(net, problem), engine.Plan(problem), problem);

            Assert.True(difference is null, $"seed {seed}: {difference}");
        }
    }

    [Theory]
    [InlineData(16, 8, 64)]
    [InlineData(1, 4, 1)]
    [InlineData(3, 5, 7)]
    [InlineData(10, 4, 33)]
    [InlineData(17, 9, 65)]
    [InlineData(24, 8, 48)]
    [InlineData(40, 6, 100)]
    public void Every_width_of_vectors_agrees_with_the_definitions_at_every_size(int state, int action, int hidden)
    {
        DynamicsNet net = RolloutCases.Net(state, state, action, hidden);
        RolloutProblem problem = RolloutCases.Problem(hidden, net, candidates: 45, steps: 11);
        RolloutPlan[] expected = ScalarRollout.All(net, problem);

        foreach (TileNet width in new TileNet[] { new TileNet<Lanes128, Vector128<float>>(net), new TileNet<Lanes256, Vector256<float>>(net), new TileNet<Lanes512, Vector512<float>>(net) })
        {
            using var engine = new CpuRolloutEngine(width, threads: 1);
            string? difference = EngineSelfTest.Difference(expected, engine.Plan(problem), problem);
            Assert.True(difference is null, $"{width.Width}: {difference}");
        }
    }

    [Fact]
    public void One_thread_and_several_give_the_same_plans_bit_for_bit()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            RolloutProblem problem = RolloutCases.Problem(seed, Net, candidates: 1_000);
            using var one = new CpuRolloutEngine(Net, threads: 1);
            using var two = new CpuRolloutEngine(Net, threads: 2);
            using var five = new CpuRolloutEngine(Net, threads: 5);

            IReadOnlyList<RolloutPlan> expected = one.Plan(problem);

            AssertSame(expected, two.Plan(problem));
            AssertSame(expected, five.Plan(problem));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(33)]
    [InlineData(500)]
    public void A_candidate_costs_the_same_however_many_others_there_are(int candidates)
    {
        RolloutProblem many = RolloutCases.Problem(3, Net, candidates: 600) with { Best = 64 };
        using var engine = new CpuRolloutEngine(Net, threads: 2);

        RolloutPlan[] expected = [.. ScalarRollout.All(Net, many)];
        IReadOnlyList<RolloutPlan> few = engine.Plan(many with { Candidates = candidates });

        Assert.Equal(Math.Min(candidates, 64), few.Count);
        Assert.All(few, plan => Assert.Equal(expected[plan.Index].Cost, plan.Cost, 1e-5f * MathF.Max(1, plan.Cost)));
        IReadOnlyList<RolloutPlan> all = engine.Plan(many);
        foreach (RolloutPlan plan in few)
        {
            if (all.FirstOrDefault(p => p.Index == plan.Index) is { } same) Assert.Equal(same.Cost, plan.Cost);
        }
    }

    [Fact]
    public void A_given_candidate_is_tried_first_and_as_it_stands()
    {
        RolloutProblem problem = RolloutCases.Problem(4, Net, candidates: 2) with { Best = 2 };
        float[] given = new float[problem.Steps * 2];
        given[problem.Steps + 3] = 0.4f;
        using var engine = new CpuRolloutEngine(Net, threads: 1);

        IReadOnlyList<RolloutPlan> plans = engine.Plan(problem with { Given = given });

        Assert.All(plans.Single(p => p.Index == 0).Fractions, f => Assert.Equal(0, f));
        float[] second = plans.Single(p => p.Index == 1).Fractions;
        Assert.Equal(0.4f, second[3]);
        Assert.Equal(0.4f, second.Sum());
    }

    [Fact]
    public void Equal_costs_go_by_index()
    {
        // Nowhere may be watered, so every candidate does nothing.
        RolloutProblem problem = RolloutCases.Problem(5, Net, candidates: 500) with { Allowed = new byte[24], Best = 6 };
        using var engine = new CpuRolloutEngine(Net, threads: 2);

        IReadOnlyList<RolloutPlan> plans = engine.Plan(problem);

        Assert.Equal([0, 1, 2, 3, 4, 5], plans.Select(p => p.Index));
        Assert.Single(plans.Select(p => p.Cost).Distinct());
    }

    [Fact]
    public void Quiet_hours_are_never_watered()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            RolloutProblem problem = RolloutCases.Problem(seed, Net) with { Best = 64 };
            using var engine = new CpuRolloutEngine(Net, threads: 1);

            foreach (RolloutPlan plan in engine.Plan(problem))
            {
                for (int step = 0; step < problem.Steps; step++) Assert.True(problem.Allowed[step] == 1 || plan.Fractions[step] == 0, $"seed {seed}, candidate {plan.Index}, step {step}");
                Assert.All(plan.Fractions, f => Assert.InRange(f, 0, problem.MaxFraction));
            }
        }
    }

    [Fact]
    public void A_budget_that_costs_dearly_is_kept()
    {
        RolloutProblem free = RolloutCases.Problem(6, Net, candidates: 2_000) with { BudgetLitres = 1_000, LitresPerHour = 1_000, Best = 8 };
        // A zone that is far too dry, so that water is worth having.
        free = free with { LowPercent = [.. Enumerable.Repeat(90f, 24)], HighPercent = [.. Enumerable.Repeat(95f, 24)], Weights = new PlanWeights { Litre = 0, Start = 0, OverBudget = 0, BandLinear = 1, BandSquared = 1 } };
        using var engine = new CpuRolloutEngine(WetterWhenWatered(), threads: 2);

        Assert.Contains(engine.Plan(free), p => Litres(p, free) > free.BudgetLitres);
        RolloutProblem dear = free with { Weights = free.Weights with { OverBudget = 1_000 } };
        Assert.All(engine.Plan(dear), p => Assert.True(Litres(p, dear) <= dear.BudgetLitres + 1, $"{Litres(p, dear)} l"));
    }

    [Fact]
    public void A_net_whose_weights_are_no_numbers_makes_no_plan()
    {
        DynamicsNet broken = RolloutCases.Net(7);
        broken.Bias2[5] = float.NaN;
        using var engine = new CpuRolloutEngine(broken, threads: 2);

        EdgeException failed = Assert.Throws<EdgeException>(() => engine.Plan(RolloutCases.Problem(7, broken)));

        Assert.Equal("model.not_a_number", failed.Code);
        Assert.Equal(FailureClass.Model, failed.FailureClass);
        Assert.All(ScalarRollout.All(broken, RolloutCases.Problem(7, broken, candidates: 3)), p => Assert.Equal(float.PositiveInfinity, p.Cost));
    }

    [Fact]
    public void A_hidden_member_that_is_no_number_is_not_taken_for_zero()
    {
        DynamicsNet broken = RolloutCases.Net(8);
        broken.Weights1[0] = float.NaN;
        var moisture = new float[24];
        using var engine = new CpuRolloutEngine(broken, threads: 1);

        engine.Roll(new float[16], new float[24 * 8], 24, moisture);

        Assert.All(moisture, m => Assert.True(float.IsNaN(m)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(100)]
    public void Rolled_actions_agree_with_the_definitions(int rows)
    {
        const int Steps = 24;
        var random = new Random(rows);
        float[] states = RolloutCases.Numbers(random, rows * 16, 1.5f), actions = RolloutCases.Numbers(random, rows * Steps * 8, 1), moisture = new float[rows * Steps];
        using var engine = new CpuRolloutEngine(Net, threads: 2);

        engine.Roll(states, actions, Steps, moisture);

        for (int row = 0; row < rows; row++)
        {
            float[] state = states[(row * 16)..((row + 1) * 16)];
            for (int step = 0; step < Steps; step++)
            {
                Net.Step(state, actions.AsSpan(((row * Steps) + step) * 8, 8));
                Assert.Equal(state[0], moisture[(row * Steps) + step], 1e-5f * MathF.Max(1, MathF.Abs(state[0])));
            }
        }
    }

    [Fact]
    public void A_problem_that_does_not_fit_the_net_is_refused_before_anything_is_read()
    {
        RolloutProblem problem = RolloutCases.Problem(9, Net);
        using var engine = new CpuRolloutEngine(Net, threads: 1);

        Assert.Throws<ArgumentException>(() => engine.Plan(problem with { State = new float[15] }));
        Assert.Throws<ArgumentException>(() => engine.Plan(problem with { Known = new float[10] }));
        Assert.Throws<ArgumentException>(() => engine.Plan(problem with { Allowed = new byte[23] }));
        Assert.Throws<ArgumentException>(() => engine.Plan(problem with { Given = new float[25] }));
        Assert.Throws<ArgumentException>(() => engine.Plan(problem with { Candidates = 0 }));
        Assert.Throws<ArgumentException>(() => engine.Plan(problem with { Best = 65 }));
        Assert.Throws<ArgumentException>(() => engine.Roll(new float[16], new float[8], 2, new float[2]));
    }

    [Fact]
    public void A_longer_horizon_than_usual_is_planned_too()
    {
        RolloutProblem problem = RolloutCases.Problem(10, Net, candidates: 100, steps: 168);
        using var engine = new CpuRolloutEngine(Net, threads: 2);

        Assert.Equal(168, engine.Plan(problem)[0].MoisturePercent.Length);
    }

    private static float Litres(RolloutPlan plan, RolloutProblem problem) => plan.Fractions.Sum() * problem.LitresPerHour;

    // Moisture rises with the four quarters and with nothing else.
    private static DynamicsNet WetterWhenWatered()
    {
        float[] first = new float[24 * 64], second = new float[64 * 64], third = new float[64 * 16];
        for (int quarter = 0; quarter < 4; quarter++) first[(16 + quarter) * 64] = 1;
        second[0] = 1;
        third[0] = 0.2f;
        return new DynamicsNet(16, 8, 64, first, new float[64], second, new float[64], third, new float[16]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_one_thread_throws_reaches_the_caller_and_the_next_plan_is_right(bool onHelper)
    {
        RolloutProblem problem = RolloutCases.Problem(2, Net, candidates: 600);
        using var plain = new CpuRolloutEngine(new TileNet<Lanes128, Vector128<float>>(Net), threads: 1);
        var net = new FailingNet(Net, onHelper);
        using var engine = new CpuRolloutEngine(net, threads: 2);

        Assert.Equal("a net of the test", Assert.Throws<InvalidOperationException>(() => engine.Plan(problem)).Message);

        net.Fails = false;
        for (int i = 0; i < 3; i++) AssertSame(plain.Plan(problem), engine.Plan(problem));
    }

    internal static void AssertSame(IReadOnlyList<RolloutPlan> expected, IReadOnlyList<RolloutPlan> plans)
    {
        Assert.Equal(expected.Select(p => (p.Index, p.Cost)), plans.Select(p => (p.Index, p.Cost)));
        for (int i = 0; i < plans.Count; i++)
        {
            Assert.Equal(expected[i].Fractions, plans[i].Fractions);
            Assert.Equal(expected[i].MoisturePercent, plans[i].MoisturePercent);
        }
    }

    /// <summary>Throws on the helper's thread or on the caller's; the other one waits until it has.</summary>
    private sealed class FailingNet(DynamicsNet net, bool onHelper) : TileNet(net, Vector128<float>.Count)
    {
        private readonly TileNet<Lanes128, Vector128<float>> _right = new(net);
        private readonly ManualResetEventSlim _thrown = new();

        public volatile bool Fails = true;

        public override string Width => "failing";

        public override void Step(float[] rows, float[] first, float[] second, int count)
        {
            if (Fails)
            {
                if (Thread.CurrentThread.Name?.StartsWith("rollout", StringComparison.Ordinal) == onHelper || (Thread.CurrentThread.Name is null && !onHelper))
                {
                    _thrown.Set();
                    throw new InvalidOperationException("a net of the test");
                }

                Assert.True(_thrown.Wait(TimeSpan.FromSeconds(20)), "the other thread never came");
            }

            _right.Step(rows, first, second, count);
        }
    }
}
