using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

public sealed class OrtForecasterTests : IAsyncDisposable
{
    private static readonly float[] State = TestModel.Numbers(SoilState.Size, 1);
    private static readonly float[] Actions = TestModel.Numbers(TestModel.Steps * SoilAction.Size, 2);

    private readonly ManualTime _time = new();
    private readonly ScriptedModel _model = new();
    private OrtForecaster? _forecaster;
    private bool _hot;

    public async ValueTask DisposeAsync()
    {
        _model.Released.Set();
        if (_forecaster is null) return;
        ValueTask ended = _forecaster.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        await ended;
    }

    [Fact]
    public async Task A_forecast_of_a_real_model_is_what_the_plain_loops_give()
    {
        InstalledOrt.Require();
        await using var forecaster = new OrtForecaster(TestModel.File(), new OrtOptions { Library = InstalledOrt.File, Provider = OrtProvider.Cpu }, () => false, _time);

        ForecastRun run = await forecaster.RunAsync(State, Actions, default);

        Assert.Null(run.Unavailable);
        float[] expected = TestModel.Trajectory(TestModel.Net, State, Actions);
        for (int step = 0; step < TestModel.Steps; step++) Assert.Equal(expected[step * SoilState.Size], run.Moisture[step], 1e-5f);
        Assert.Equal(("soil-test", "onnx/CPU"), (forecaster.Facts.Model, forecaster.Facts.Provider));
        Assert.Equal(3, forecaster.Facts.Skipped.Count);
    }

    [Fact]
    public async Task A_missing_library_is_an_answer_without_numbers()
    {
        await using var forecaster = new OrtForecaster(TestModel.File(), new OrtOptions { Library = "/nowhere/libonnxruntime.so.1" }, () => false, _time);

        ForecastRun run = await forecaster.RunAsync(State, Actions, default);

        Assert.Equal(([], FailureClass.Model), (run.Moisture, run.FailureClass));
        Assert.Contains("/nowhere/libonnxruntime.so.1: not there", run.Unavailable, StringComparison.Ordinal);
        Assert.Equal("onnx/none", forecaster.Facts.Provider);
    }

    [Fact]
    public async Task A_corrupt_model_is_an_answer_without_numbers()
    {
        InstalledOrt.Require();
        await using var forecaster = new OrtForecaster(TestModel.File(TestModel.Onnx[..999]), new OrtOptions { Library = InstalledOrt.File }, () => false, _time);

        ForecastRun run = await forecaster.RunAsync(State, Actions, default);

        Assert.Equal(([], FailureClass.Model), (run.Moisture, run.FailureClass));
        Assert.Contains("Could not load the model 'soil-test'", run.Unavailable, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_answers_with_what_is_no_number_has_no_forecast()
    {
        InstalledOrt.Require();
        await using var forecaster = new OrtForecaster(TestModel.File(), new OrtOptions { Library = InstalledOrt.File, Provider = OrtProvider.Cpu }, () => false, _time);
        float[] huge = [.. State.Select(_ => 3e38f)];

        ForecastRun run = await forecaster.RunAsync(huge, Actions, default);
        ForecastRun next = await forecaster.RunAsync(State, Actions, default);

        Assert.Equal(([], FailureClass.Model), (run.Moisture, run.FailureClass));
        Assert.Contains("not a number to go by", run.Unavailable, StringComparison.Ordinal);
        Assert.Null(next.Unavailable);
    }

    [Fact]
    public async Task A_run_that_hangs_is_answered_within_a_second_and_counts_as_failed_until_it_returns()
    {
        OrtForecaster forecaster = Start();
        _model.Hangs = true;

        ValueTask<ForecastRun> hung = forecaster.RunAsync(State, Actions, default);
        await _model.Entered.WaitAsync();
        _time.Advance(TimeSpan.FromSeconds(1));

        ForecastRun answer = await hung;
        Assert.Equal(FailureClass.Gpu, answer.FailureClass);
        Assert.Contains("did not come back within 900 ms", answer.Unavailable, StringComparison.Ordinal);
        Assert.True(_model.Cancelled);
        Assert.Contains("has not come back", (await forecaster.RunAsync(State, Actions, default)).Unavailable, StringComparison.Ordinal);

        _model.Hangs = false;
        _model.Released.Set();
        ForecastRun after = await Until(forecaster, run => run.Unavailable is null);
        Assert.Equal(TestModel.Steps, after.Moisture.Length);
    }

    [Fact]
    public async Task A_model_that_takes_long_to_load_is_answered_within_a_second_too()
    {
        _model.OpeningHangs = true;
        OrtForecaster forecaster = Start();

        ValueTask<ForecastRun> waits = forecaster.RunAsync(State, Actions, default);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("is still being loaded", (await waits).Unavailable, StringComparison.Ordinal);
        Assert.Equal("onnx/loading", forecaster.Facts.Provider);
    }

    [Fact]
    public async Task Eight_runs_wait_and_the_ninth_is_answered_at_once()
    {
        OrtForecaster forecaster = Start();
        _model.Hangs = true;
        var waiting = new List<Task<ForecastRun>> { forecaster.RunAsync(State, Actions, default).AsTask() };
        await _model.Entered.WaitAsync();
        for (int i = 0; i < OrtForecaster.MaxWaiting; i++) waiting.Add(forecaster.RunAsync(State, Actions, default).AsTask());

        ValueTask<ForecastRun> ninth = forecaster.RunAsync(State, Actions, default);

        Assert.True(ninth.IsCompleted);
        Assert.Contains("8 runs of 'scripted' wait already", (await ninth).Unavailable, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        foreach (Task<ForecastRun> each in waiting) Assert.NotNull((await each).Unavailable);
    }

    [Fact]
    public async Task A_hot_device_does_no_forecasts()
    {
        OrtForecaster forecaster = Start();
        _hot = true;

        ForecastRun run = await forecaster.RunAsync(State, Actions, default);

        Assert.Equal(FailureClass.Thermal, run.FailureClass);
        Assert.Equal(0, _model.Runs);
    }

    [Fact]
    public async Task A_GPU_that_is_lost_is_an_answer_and_the_model_is_opened_again_after_a_while()
    {
        OrtForecaster forecaster = Start();
        _model.Fault = new EdgeException("gpu.run_failed", "The model gave no answer.", "ONNX Runtime says: CUDA failure 999.", "Look.", FailureClass.Gpu);

        ForecastRun lost = await forecaster.RunAsync(State, Actions, default);
        ForecastRun next = await forecaster.RunAsync(State, Actions, default);

        Assert.Equal(FailureClass.Gpu, lost.FailureClass);
        Assert.Contains("CUDA failure 999", next.Unavailable, StringComparison.Ordinal);
        Assert.Equal((1, 1, "onnx/none"), (_model.Runs, _model.Opened, forecaster.Facts.Provider));

        _model.Fault = null;
        _time.Advance(OrtForecaster.ReopenAfter);
        Assert.Null((await forecaster.RunAsync(State, Actions, default)).Unavailable);
        Assert.Equal((2, 2, "onnx/CUDA"), (_model.Runs, _model.Opened, forecaster.Facts.Provider));
    }

    [Fact]
    public async Task Arrays_of_another_size_are_a_mistake_of_the_caller()
    {
        OrtForecaster forecaster = Start();

        await Assert.ThrowsAsync<ArgumentException>(async () => await forecaster.RunAsync(State.AsMemory(1), Actions, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await forecaster.RunAsync(State, Actions.AsMemory(1), default));
    }

    [Fact]
    public async Task A_caller_that_leaves_is_not_waited_for_and_the_next_one_is_served()
    {
        OrtForecaster forecaster = Start();
        _model.Hangs = true;
        using var left = new CancellationTokenSource();
        ValueTask<ForecastRun> first = forecaster.RunAsync(State, Actions, left.Token);
        await _model.Entered.WaitAsync();

        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first);
        _model.Hangs = false;
        _model.Released.Set();
        Assert.Null((await forecaster.RunAsync(State, Actions, default)).Unavailable);
    }

    [Fact]
    public async Task Stopping_answers_who_waits_and_does_not_wait_for_a_run_that_hangs()
    {
        OrtForecaster forecaster = Start();
        _model.Hangs = true;
        ValueTask<ForecastRun> running = forecaster.RunAsync(State, Actions, default);
        await _model.Entered.WaitAsync();
        ValueTask<ForecastRun> waiting = forecaster.RunAsync(State, Actions, default);

        ValueTask stopped = forecaster.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        await stopped;

        Assert.Contains("The node stops", (await waiting).Unavailable, StringComparison.Ordinal);
        Assert.NotNull((await running).Unavailable);
    }

    private OrtForecaster Start() => _forecaster = new OrtForecaster("scripted", new DynamicsPorts(TestModel.Manifest([])), _model.Open, () => _hot, _time);

    // The thread that came back needs a moment until it is ready for the next.
    private static async Task<ForecastRun> Until(OrtForecaster forecaster, Func<ForecastRun, bool> wanted)
    {
        while (true)
        {
            ForecastRun run = await forecaster.RunAsync(State, Actions, default);
            if (wanted(run)) return run;
            await Task.Yield();
        }
    }

    /// <summary>A model on a GPU that does what the test says.</summary>
    private sealed class ScriptedModel : IForecastModel
    {
        public SemaphoreSlim Entered { get; } = new(0);

        public ManualResetEventSlim Released { get; } = new();

        public volatile bool Hangs;

        public volatile bool OpeningHangs;

        public volatile bool Cancelled;

        public EdgeException? Fault { get; set; }

        public int Runs { get; private set; }

        public int Opened { get; private set; }

        public string Provider => "onnx/CUDA";

        public IReadOnlyList<string> Skipped => [];

        public IForecastModel Open()
        {
            if (OpeningHangs) Released.Wait();
            Opened++;
            return this;
        }

        public void Run(ReadOnlySpan<float> state, ReadOnlySpan<float> actions, Span<float> moisture)
        {
            Runs++;
            Entered.Release();
            if (Hangs) Released.Wait();
            if (Fault is not null) throw Fault;
            moisture.Fill(state[0]);
        }

        public void Cancel() => Cancelled = true;

        public void Dispose()
        {
        }
    }
}
