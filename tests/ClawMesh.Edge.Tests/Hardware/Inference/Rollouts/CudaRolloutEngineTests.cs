using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;
using ClawMesh.Edge.TestKit.Cuda;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

/// <summary>The engine for a GPU against a libcuda that runs the same kernel source on the processor.</summary>
public sealed class CudaRolloutEngineTests
{
    private static readonly DynamicsNet Net = RolloutCases.Net(1);
    private static readonly RolloutProblem Problem = RolloutCases.Problem(1, Net);

    [Fact]
    public void Plans_agree_with_the_definitions_and_with_the_processors_engine()
    {
        using FakeCuda cuda = Fake();
        for (int seed = 0; seed < 25; seed++)
        {
            DynamicsNet net = RolloutCases.Net(seed);
            RolloutProblem problem = RolloutCases.Problem(seed, net, candidates: seed % 3 == 0 ? 37 : 400);
            using var gpu = new CudaRolloutEngine(net, cuda.Library);
            using var cpu = new CpuRolloutEngine(net, threads: 1);

            IReadOnlyList<RolloutPlan> plans = gpu.Plan(problem);

            string? difference = EngineSelfTest.Difference(ScalarRollout.All(net, problem), plans, problem);
            Assert.True(difference is null, $"seed {seed}: {difference}");
            foreach ((RolloutPlan here, RolloutPlan there) in plans.Zip(cpu.Plan(problem)))
            {
                Assert.Equal(there.Cost, here.Cost, 1e-5f * MathF.Max(1, there.Cost));
            }
        }
    }

    [Fact]
    public void Given_candidates_are_tried_first_and_ties_go_by_index()
    {
        using FakeCuda cuda = Fake();
        using var engine = new CudaRolloutEngine(Net, cuda.Library);
        RolloutProblem problem = Problem with { Candidates = 3, Best = 3, Allowed = new byte[24], Given = [.. new float[24], .. Enumerable.Repeat(0.5f, 24)] };

        IReadOnlyList<RolloutPlan> plans = engine.Plan(problem);

        Assert.Equal(0.5f, plans.Single(p => p.Index == 1).Fractions[7]);
        // Neither 0 nor 2 waters: one is given so, the other may not.
        Assert.Equal([0, 2], plans.Where(p => p.Index != 1).Select(p => p.Index));
        Assert.Equal(plans.Single(p => p.Index == 0).Cost, plans.Single(p => p.Index == 2).Cost);
    }

    [Fact]
    public void Rolled_actions_agree_with_the_processors_engine()
    {
        const int Rows = 150, Steps = 24;
        using FakeCuda cuda = Fake();
        using var gpu = new CudaRolloutEngine(Net, cuda.Library);
        using var cpu = new CpuRolloutEngine(Net, threads: 1);
        var random = new Random(2);
        float[] states = RolloutCases.Numbers(random, Rows * 16, 1.5f), actions = RolloutCases.Numbers(random, Rows * Steps * 8, 1);
        float[] here = new float[Rows * Steps], there = new float[Rows * Steps];

        gpu.Roll(states, actions, Steps, here);
        cpu.Roll(states, actions, Steps, there);

        for (int i = 0; i < here.Length; i++) Assert.Equal(there[i], here[i], 1e-5f * MathF.Max(1, MathF.Abs(there[i])));
    }

    [Fact]
    public void A_larger_problem_than_the_one_before_gets_more_memory()
    {
        using FakeCuda cuda = Fake();
        using var engine = new CudaRolloutEngine(Net, cuda.Library);

        engine.Plan(Problem);
        IReadOnlyList<RolloutPlan> plans = engine.Plan(RolloutCases.Problem(2, Net, candidates: 700, steps: 168) with { Best = 64 });

        Assert.Equal(64, plans.Count);
        Assert.Equal(168, plans[0].MoisturePercent.Length);
    }

    [Fact]
    public void A_machine_without_the_library_has_no_gpu()
    {
        EdgeException absent = Assert.Throws<EdgeException>(() => new CudaRolloutEngine(Net, "/nowhere/libcuda.so.1"));

        Assert.Equal(("gpu.absent", FailureClass.Gpu), (absent.Code, absent.FailureClass));
        Assert.Contains("/nowhere/libcuda.so.1", absent.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("devices=0", "gpu.absent", "sees 0")]
    [InlineData("init=100", "gpu.absent", "CUDA_ERROR_NO_DEVICE (100)")]
    [InlineData("driver=9010", "gpu.driver_too_old", "9.1")]
    [InlineData("init=803", "gpu.driver_too_old", "803")]
    [InlineData("init=999", "gpu.failed", "cuInit answered CUDA error 999")]
    [InlineData("module=218", "gpu.module_refused", "CUDA_ERROR_INVALID_PTX (218): ptxas fatal   : Unsupported .version")]
    [InlineData("module=222", "gpu.driver_too_old", "222")]
    [InlineData("alloc_fails_from=1", "gpu.out_of_memory", "CUDA_ERROR_OUT_OF_MEMORY (2)")]
    [InlineData("alloc_fails_from=3", "gpu.out_of_memory", "for 393216 bytes")]
    public void What_is_wrong_at_the_start_is_said_by_name(string fault, string code, string why)
    {
        using FakeCuda cuda = Fake();
        cuda.Inject(fault);

        EdgeException failed = Assert.Throws<EdgeException>(() => new CudaRolloutEngine(Net, cuda.Library));

        Assert.Equal((code, FailureClass.Gpu), (failed.Code, failed.FailureClass));
        Assert.Contains(why, failed.Why, StringComparison.Ordinal);
        Assert.NotEmpty(failed.Fix);
    }

    [Fact]
    public void A_second_gpu_that_is_not_there_is_absent()
    {
        using FakeCuda cuda = Fake();

        EdgeException absent = Assert.Throws<EdgeException>(() => new CudaRolloutEngine(Net, cuda.Library, device: 1));

        Assert.Equal("gpu.absent", absent.Code);
        Assert.Contains("GPU 1 is wanted", absent.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_that_runs_out_later_fails_the_plan_and_not_the_engine()
    {
        using FakeCuda cuda = Fake();
        using var engine = new CudaRolloutEngine(Net, cuda.Library);
        IReadOnlyList<RolloutPlan> before = engine.Plan(Problem);
        cuda.Inject("alloc_fails_from=1");

        EdgeException failed = Assert.Throws<EdgeException>(() => engine.Plan(RolloutCases.Problem(1, Net, candidates: 9_000)));

        Assert.Equal("gpu.out_of_memory", failed.Code);
        CpuRolloutEngineTests.AssertSame(before, engine.Plan(Problem));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_gpu_that_is_lost_stays_lost(int launch)
    {
        using FakeCuda cuda = Fake();
        using var engine = new CudaRolloutEngine(Net, cuda.Library);
        engine.Plan(Problem);
        cuda.Inject($"launch_fails_from={launch}");

        EdgeException lost = Assert.Throws<EdgeException>(() => engine.Plan(Problem));
        cuda.Inject("");
        EdgeException again = Assert.Throws<EdgeException>(() => engine.Plan(Problem));
        EdgeException rolled = Assert.Throws<EdgeException>(() => engine.Roll(new float[16], new float[8], 1, new float[1]));

        Assert.Equal(("gpu.lost", FailureClass.Gpu), (lost.Code, lost.FailureClass));
        Assert.Contains("cuLaunchKernel answered CUDA_ERROR_LAUNCH_FAILED (719)", lost.Why, StringComparison.Ordinal);
        Assert.Equal(["gpu.lost", "gpu.lost"], [again.Code, rolled.Code]);
    }

    [Fact]
    public void Answers_that_are_no_numbers_are_no_plans()
    {
        using FakeCuda cuda = Fake();
        using var engine = new CudaRolloutEngine(Net, cuda.Library);
        cuda.Inject("nan=1");

        Assert.Equal("model.not_a_number", Assert.Throws<EdgeException>(() => engine.Plan(Problem)).Code);
        cuda.Inject("");
        Assert.NotEmpty(engine.Plan(Problem));
    }

    [Fact]
    public void A_net_whose_weights_are_no_numbers_makes_no_plan()
    {
        using FakeCuda cuda = Fake();
        DynamicsNet broken = RolloutCases.Net(7);
        broken.Weights1[100] = float.NaN;
        using var engine = new CudaRolloutEngine(broken, cuda.Library);

        Assert.Equal("model.not_a_number", Assert.Throws<EdgeException>(() => engine.Plan(Problem)).Code);
    }

    [Fact]
    public void A_net_of_other_sizes_is_left_to_other_engines()
    {
        EdgeException refused = Assert.Throws<EdgeException>(() => new CudaRolloutEngine(RolloutCases.Net(1, hidden: 32)));

        Assert.Equal("gpu.net_size", refused.Code);
    }

    [Fact]
    public void The_device_is_named_with_its_driver()
    {
        using FakeCuda cuda = Fake();
        using var engine = new CudaRolloutEngine(Net, cuda.Library);

        Assert.Equal("Fake GPU, CUDA 12.8", engine.Device);
    }

    private static FakeCuda Fake()
    {
        Assert.SkipWhen(FakeCuda.WhyNot is not null, FakeCuda.WhyNot ?? "");
        return new FakeCuda();
    }
}
