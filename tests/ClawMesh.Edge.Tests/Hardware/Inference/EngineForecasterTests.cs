using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Rollouts;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Cuda;
using ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Tests.Hardware.Inference;

public sealed class EngineForecasterTests : IAsyncDisposable
{
    private const int Steps = 24;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly DynamicsNet Net = RolloutCases.Net(1);
    private static readonly RolloutProblem Problem = RolloutCases.Problem(1, Net);
    private static readonly float[] State = RolloutCases.Numbers(new Random(1), 16, 1), Actions = RolloutCases.Numbers(new Random(2), Steps * 8, 1);

    private readonly ManualTime _time = new();
    private readonly ScriptedRolloutEngine _engine = new("scripted");
    private readonly ManualResetEventSlim _held = new(initialState: true);
    private readonly SemaphoreSlim _entered = new(0);
    private readonly EngineForecaster _forecaster;
    private bool _hot;

    public EngineForecasterTests()
    {
        _engine.OnRoll = moisture =>
        {
            _entered.Release();
            _held.Wait();
            Array.Fill(moisture, 0.5f);
        };
        _engine.OnPlan = problem =>
        {
            _entered.Release();
            _held.Wait();
            return [new RolloutPlan(0, 1, new float[problem.Steps], new float[problem.Steps])];
        };
        _forecaster = new EngineForecaster("soil-water 1", ModelSizes.Of(Net), _engine, ["cuda: gpu.absent"], () => _hot, _time);
    }

    public async ValueTask DisposeAsync()
    {
        _held.Set();
        await _forecaster.DisposeAsync();
        _entered.Dispose();
        _held.Dispose();
    }

    [Fact]
    public async Task A_forecast_is_what_the_net_says()
    {
        await using var forecaster = new EngineForecaster("soil-water 1", ModelSizes.Of(Net), new CpuRolloutEngine(Net, threads: 1), [], () => false, TimeProvider.System);

        ForecastRun run = await forecaster.RunAsync(State, Actions, CancellationToken.None);

        float[] state = [.. State];
        Assert.Null(run.Unavailable);
        for (int step = 0; step < Steps; step++)
        {
            Net.Step(state, Actions.AsSpan(step * 8, 8));
            Assert.Equal(state[0], run.Moisture[step], 1e-5f);
        }
    }

    [Fact]
    public async Task A_plan_is_made_on_the_same_thread_and_names_its_engine()
    {
        var threads = new List<int>();
        _engine.OnPlan = problem =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            return [new RolloutPlan(7, 1, new float[problem.Steps], new float[problem.Steps])];
        };
        _engine.OnRoll = moisture =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            Array.Fill(moisture, 0.5f);
        };

        PlanRun plan = await _forecaster.PlanAsync(Problem, CancellationToken.None);
        await ForecastAsync();

        Assert.Equal((7, "scripted", null), (plan.Best[0].Index, plan.Engine, plan.Unavailable));
        Assert.Equal(2, threads.Count);
        Assert.Equal(threads[0], threads[1]);
        Assert.NotEqual(Environment.CurrentManagedThreadId, threads[0]);
    }

    [Fact]
    public void The_facts_name_model_engine_and_what_was_skipped()
    {
        ForecasterFacts facts = _forecaster.Facts;

        Assert.Equal(("soil-water 1", "scripted"), (facts.Model, facts.Provider));
        Assert.Equal(["cuda: gpu.absent"], facts.Skipped);
    }

    [Fact]
    public async Task An_engine_that_hangs_is_unavailable_after_a_second_and_asked_again_when_it_is_back()
    {
        _held.Reset();
        Task<ForecastRun> hanging = ForecastAsync();
        Task<PlanRun> waiting = PlanAsync();
        Assert.True(await _entered.WaitAsync(Patience, TestContext.Current.CancellationToken));

        _time.Advance(TimeSpan.FromMilliseconds(800));
        Assert.False(hanging.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(300));

        ForecastRun run = await hanging;
        Assert.Equal(FailureClass.Gpu, run.FailureClass);
        Assert.Contains("'scripted' has not answered", run.Unavailable!, StringComparison.Ordinal);
        Assert.Empty(run.Moisture);
        Assert.Equal(FailureClass.Gpu, (await waiting).FailureClass);
        ForecastRun refused = await ForecastAsync();
        Assert.Equal(FailureClass.Gpu, refused.FailureClass);

        _held.Set();
        ForecastRun back = await Until(() => ForecastAsync(), r => r.Unavailable is null);
        Assert.Equal(0.5f, back.Moisture[0]);
    }

    [Fact]
    public async Task The_newest_is_refused_when_eight_wait()
    {
        _held.Reset();
        Task<ForecastRun> running = ForecastAsync();
        Assert.True(await _entered.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Task<ForecastRun>[] waiting = [.. Enumerable.Range(0, 8).Select(_ => ForecastAsync())];

        ForecastRun refused = await ForecastAsync();

        Assert.Equal(FailureClass.Budget, refused.FailureClass);
        Assert.Contains("8 others wait", refused.Unavailable!, StringComparison.Ordinal);
        _held.Set();
        Assert.Null((await running).Unavailable);
        foreach (Task<ForecastRun> each in waiting) Assert.Null((await each).Unavailable);
    }

    [Fact]
    public async Task A_forecast_goes_before_plans_that_wait()
    {
        var order = new List<string>();
        _engine.OnRoll = _ => order.Add("forecast");
        _engine.OnPlan = problem =>
        {
            _entered.Release();
            _held.Wait();
            order.Add("plan");
            return [];
        };
        _held.Reset();
        Task<PlanRun> running = PlanAsync();
        Assert.True(await _entered.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Task<PlanRun> plan = PlanAsync();
        Task<ForecastRun> forecast = ForecastAsync(), second = ForecastAsync();

        _held.Set();
        await Task.WhenAll(running, plan, forecast, second);

        Assert.Equal(["plan", "forecast", "forecast", "plan"], order);
    }

    [Fact]
    public async Task A_hot_device_infers_nothing()
    {
        _hot = true;

        ForecastRun run = await ForecastAsync();
        PlanRun plan = await PlanAsync();

        Assert.Equal((FailureClass.Thermal, FailureClass.Thermal), (run.FailureClass, plan.FailureClass));
        Assert.Equal(0, _entered.CurrentCount);
        _hot = false;
        Assert.Null((await ForecastAsync()).Unavailable);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public async Task An_answer_that_is_no_number_is_none(float value)
    {
        _engine.OnRoll = moisture => moisture[^1] = value;

        ForecastRun run = await ForecastAsync();

        Assert.Equal(FailureClass.Model, run.FailureClass);
        Assert.Empty(run.Moisture);
    }

    [Fact]
    public async Task What_an_engine_throws_is_an_answer_without_numbers()
    {
        _engine.OnRoll = _ => throw ScriptedRolloutEngine.Lost;
        ForecastRun lost = await ForecastAsync();
        Assert.Equal(FailureClass.Gpu, lost.FailureClass);
        Assert.Equal("Lost the GPU. cuCtxSynchronize answered CUDA_ERROR_LAUNCH_FAILED (719).", lost.Unavailable);

        _engine.OnRoll = _ => throw new InvalidOperationException("a bug of the engine's");
        ForecastRun bug = await ForecastAsync();
        Assert.Equal(FailureClass.Model, bug.FailureClass);
        Assert.Contains("a bug of the engine's", bug.Unavailable!, StringComparison.Ordinal);

        _engine.OnPlan = _ => throw ScriptedRolloutEngine.NotANumber;
        Assert.Equal(FailureClass.Model, (await PlanAsync()).FailureClass);
    }

    [Fact]
    public async Task Whoever_gives_up_frees_his_place_in_the_line()
    {
        _held.Reset();
        Task<ForecastRun> running = ForecastAsync();
        Assert.True(await _entered.WaitAsync(Patience, TestContext.Current.CancellationToken));
        using var giveUp = new CancellationTokenSource();
        Task<PlanRun>[] waiting = [.. Enumerable.Range(0, 8).Select(_ => _forecaster.PlanAsync(Problem, giveUp.Token).AsTask())];

        await giveUp.CancelAsync();

        foreach (Task<PlanRun> each in waiting) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => each);
        Task<ForecastRun> next = ForecastAsync();
        Assert.False(next.IsCompleted);
        _held.Set();
        Assert.Null((await running).Unavailable);
        Assert.Null((await next).Unavailable);
    }

    [Fact]
    public async Task Numbers_that_do_not_fit_the_net_are_the_callers_bug()
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await _forecaster.RunAsync(new float[15], Actions, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await _forecaster.RunAsync(State, new float[9], CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await _forecaster.RunAsync(State, Array.Empty<float>(), CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await _forecaster.PlanAsync(Problem with { State = [] }, CancellationToken.None));
    }

    [Fact]
    public async Task Stopping_answers_everybody_and_leaves_a_hanging_engine_alone()
    {
        _held.Reset();
        Task<ForecastRun> running = ForecastAsync();
        Assert.True(await _entered.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Task<PlanRun> waiting = PlanAsync();

        await _forecaster.DisposeAsync();

        Assert.Equal(FailureClass.Infra, (await running).FailureClass);
        Assert.Equal(FailureClass.Infra, (await waiting).FailureClass);
        Assert.False(_engine.IsDisposed);
        Assert.Equal(FailureClass.Infra, (await ForecastAsync()).FailureClass);
    }

    [Fact]
    public async Task A_gpu_that_hangs_is_unavailable_within_a_second()
    {
        Assert.SkipWhen(FakeCuda.WhyNot is not null, FakeCuda.WhyNot ?? "");
        using var cuda = new FakeCuda();
        await using var forecaster = new EngineForecaster("soil-water 1", ModelSizes.Of(Net), new CudaRolloutEngine(Net, cuda.Library), [], () => false, TimeProvider.System);
        Assert.Null((await forecaster.RunAsync(State, Actions, CancellationToken.None)).Unavailable);
        cuda.Inject("hang=1");

        ForecastRun run = await forecaster.RunAsync(State, Actions, CancellationToken.None);

        Assert.Equal(FailureClass.Gpu, run.FailureClass);
        cuda.Inject("");
        ForecastRun back = await Until(() => forecaster.RunAsync(State, Actions, CancellationToken.None).AsTask(), r => r.Unavailable is null);
        Assert.Equal(Steps, back.Moisture.Length);
    }

    [Fact]
    public async Task A_gpu_that_is_lost_costs_no_forecast()
    {
        Assert.SkipWhen(FakeCuda.WhyNot is not null, FakeCuda.WhyNot ?? "");
        using var cuda = new FakeCuda();
        var told = new List<string>();
        var engine = new FallbackRolloutEngine([new CudaRolloutEngine(Net, cuda.Library), new CpuRolloutEngine(Net, threads: 1)]);
        engine.FellBack += f => told.Add($"{f.From} to {f.To}: {f.Why.Code}");
        await using var forecaster = new EngineForecaster("soil-water 1", ModelSizes.Of(Net), engine, [], () => false, TimeProvider.System);
        Assert.Equal("cuda", forecaster.Facts.Provider);
        cuda.Inject("launch_fails_from=1");

        ForecastRun run = await forecaster.RunAsync(State, Actions, CancellationToken.None);

        Assert.Null(run.Unavailable);
        Assert.Equal(["cuda to cpu: gpu.lost"], told);
        Assert.Equal("cpu", forecaster.Facts.Provider);
    }

    private Task<ForecastRun> ForecastAsync() => _forecaster.RunAsync(State, Actions, CancellationToken.None).AsTask();

    private Task<PlanRun> PlanAsync() => _forecaster.PlanAsync(Problem, CancellationToken.None).AsTask();

    // The inference thread needs a moment of its own to come back.
    private static async Task<T> Until<T>(Func<Task<T>> ask, Func<T, bool> good)
    {
        for (int tries = 0; tries < 3_000; tries++)
        {
            T answer = await ask();
            if (good(answer)) return answer;
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException("it did not come back");
    }
}
