using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Cuda;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

public sealed class RolloutEngineChoiceTests
{
    private static readonly DynamicsNet Net = RolloutCases.Net(1);

    // It stands still for engines that do not move it: the processor's takes no time at all then.
    private readonly ManualTime _time = new();

    [Fact]
    public void The_fastest_engine_that_is_right_is_taken()
    {
        ScriptedRolloutEngine slow = Right("onnx", TimeSpan.FromMilliseconds(30)), fast = Right("cuda", TimeSpan.FromMilliseconds(2));
        // Of the two others the faster is taken when the processor, which the manual clock finds instant, is made slow by a clock of its own.
        using var choice = RolloutEngineChoice.Make(Net, [Candidate(slow), Candidate(fast)], new SlowProcessorTime(_time)).Engine;

        Assert.Equal("cuda", choice.Name);
    }

    [Fact]
    public void Each_engine_is_listed_with_its_time_or_the_reason()
    {
        ScriptedRolloutEngine wrong = Right("onnx", TimeSpan.Zero);
        Func<RolloutProblem, IReadOnlyList<RolloutPlan>> plan = wrong.OnPlan;
        wrong.OnPlan = problem => [.. plan(problem).Select(p => p with { Cost = p.Cost + 0.01f })];

        EngineChoice choice = RolloutEngineChoice.Make(
            Net,
            [Candidate(wrong), new EngineCandidate("cuda", () => throw ScriptedRolloutEngine.Lost), new EngineCandidate("other", () => null)],
            _time,
            threads: 1);

        Assert.Equal(["onnx", "cuda", "other", "cpu"], choice.Trials.Select(t => t.Name));
        Assert.Contains("by definition", choice.Trials[0].Reason!, StringComparison.Ordinal);
        Assert.Contains("gpu.lost", choice.Trials[1].Reason!, StringComparison.Ordinal);
        Assert.Equal("not configured", choice.Trials[2].Reason);
        Assert.Equal((true, null), (choice.Trials[3].Taken, choice.Trials[3].Reason));
        Assert.Equal("cpu", choice.Engine.Name);
        Assert.True(wrong.IsDisposed);
        Assert.StartsWith("onnx: candidate", choice.Trials[0].ToString(), StringComparison.Ordinal);
        Assert.EndsWith("0.00 ms, taken", choice.Trials[3].ToString(), StringComparison.Ordinal);
        choice.Engine.Dispose();
    }

    [Fact]
    public void An_engine_slower_than_the_processor_gives_its_memory_back()
    {
        ScriptedRolloutEngine slow = Right("onnx", TimeSpan.FromSeconds(1));

        using FallbackRolloutEngine engine = RolloutEngineChoice.Make(Net, [Candidate(slow)], _time).Engine;

        Assert.Equal("cpu", engine.Name);
        Assert.True(slow.IsDisposed);
    }

    [Fact]
    public void An_engine_that_throws_during_its_trial_is_not_taken()
    {
        var failing = new ScriptedRolloutEngine("cuda") { OnPlan = _ => throw ScriptedRolloutEngine.Lost };

        EngineChoice choice = RolloutEngineChoice.Make(Net, [Candidate(failing)], _time);

        Assert.Contains("CUDA_ERROR_LAUNCH_FAILED", choice.Trials[0].Reason!, StringComparison.Ordinal);
        Assert.Equal("cpu", choice.Engine.Name);
        choice.Engine.Dispose();
    }

    [Fact]
    public void An_engine_that_hangs_in_its_trial_is_left_alone()
    {
        // Not disposed of: the thread of the trial may look at it after the test.
        var held = new ManualResetEventSlim();
        var hanging = new ScriptedRolloutEngine("cuda")
        {
            OnPlan = _ =>
            {
                held.Wait();
                throw ScriptedRolloutEngine.Lost;
            },
        };

        EngineChoice choice = RolloutEngineChoice.Make(Net, [Candidate(hanging)], _time, threads: 1, trialLimit: TimeSpan.FromMilliseconds(20));

        Assert.Equal("it has not answered within 0.02 s and is left alone", choice.Trials[0].Reason);
        Assert.Equal("cpu", choice.Engine.Name);
        held.Set();
        choice.Engine.Dispose();
    }

    [Fact]
    public void An_engine_that_passes_its_trial_too_late_is_disposed_of()
    {
        var held = new ManualResetEventSlim();
        using var real = new CpuRolloutEngine(Net, threads: 1);
        var late = new ScriptedRolloutEngine("cuda")
        {
            OnPlan = problem =>
            {
                held.Wait();
                return real.Plan(problem);
            },
        };

        EngineChoice choice = RolloutEngineChoice.Make(Net, [Candidate(late)], _time, threads: 1, trialLimit: TimeSpan.FromMilliseconds(20));
        Assert.False(late.IsDisposed);
        held.Set();

        Assert.True(SpinWait.SpinUntil(() => late.IsDisposed, TimeSpan.FromSeconds(20)));
        choice.Engine.Dispose();
    }

    [Fact]
    public void An_engine_that_fails_unlike_any_other_is_disposed_of()
    {
        var failing = new ScriptedRolloutEngine("cuda") { OnPlan = _ => throw new InvalidOperationException("unheard of") };

        EngineChoice choice = RolloutEngineChoice.Make(Net, [Candidate(failing)], _time);

        Assert.Contains("InvalidOperationException: unheard of", choice.Trials[0].Reason!, StringComparison.Ordinal);
        Assert.True(failing.IsDisposed);
        choice.Engine.Dispose();
    }

    [Fact]
    public void An_engine_that_fails_unlike_any_other_does_not_stop_the_node()
    {
        EngineChoice choice = RolloutEngineChoice.Make(Net, [new EngineCandidate("onnx", () => throw new DllNotFoundException("libx"))], _time);

        Assert.Contains("DllNotFoundException: libx", choice.Trials[0].Reason!, StringComparison.Ordinal);
        choice.Engine.Dispose();
    }

    [Fact]
    public void A_net_without_numbers_leaves_the_processors_engine_and_says_why()
    {
        DynamicsNet broken = RolloutCases.Net(2);
        broken.Bias1[0] = float.NaN;

        EngineChoice choice = RolloutEngineChoice.Make(broken, [], _time);

        Assert.Equal("cpu", choice.Engine.Name);
        Assert.Contains("model.not_a_number", choice.Trials[0].ToString(), StringComparison.Ordinal);
        Assert.Throws<EdgeException>(() => choice.Engine.Plan(RolloutCases.Problem(1, broken)));
        choice.Engine.Dispose();
    }

    [Fact]
    public void The_engine_for_a_gpu_passes_the_trial()
    {
        Assert.SkipWhen(FakeCuda.WhyNot is not null, FakeCuda.WhyNot ?? "");
        using var cuda = new FakeCuda();

        EngineChoice choice = RolloutEngineChoice.Make(Net, [new EngineCandidate("cuda", () => new CudaRolloutEngine(Net, cuda.Library))], TimeProvider.System);

        Assert.Null(choice.Trials[0].Reason);
        Assert.NotNull(choice.Trials[0].PlanTime);
        choice.Engine.Dispose();
    }

    private static EngineCandidate Candidate(IRolloutEngine engine) => new(engine.Name, () => engine);

    // Plans as defined, and takes its time by the clock of the test.
    private ScriptedRolloutEngine Right(string name, TimeSpan takes) => new(name)
    {
        OnPlan = problem =>
        {
            _time.Advance(takes);
            return [.. ScalarRollout.All(Net, problem).OrderBy(p => p.Cost).ThenBy(p => p.Index).Take(problem.Best)];
        },
    };

    // Each look at the clock that finds it where it was costs ten milliseconds: an engine that does not move the clock takes as long.
    private sealed class SlowProcessorTime(ManualTime time) : TimeProvider
    {
        private long _last = -1;

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp()
        {
            if (time.GetTimestamp() == _last) time.Advance(TimeSpan.FromMilliseconds(10));
            _last = time.GetTimestamp();
            return _last;
        }
    }
}
