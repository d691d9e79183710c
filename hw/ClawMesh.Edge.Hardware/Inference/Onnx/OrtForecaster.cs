using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>
/// Runs one model on a thread of its own, of lower priority than everything that keeps the site safe. Each call is answered within
/// <see cref="AnswerWithin"/>, whatever the model, its library or the GPU do: also while the model is still being loaded, and when a run
/// never comes back; until it has, the forecaster counts as failed.
/// </summary>
public sealed class OrtForecaster : IForecaster
{
    /// <summary>A tenth below the second that is promised, for the way back.</summary>
    public static readonly TimeSpan AnswerWithin = TimeSpan.FromMilliseconds(900);

    /// <summary>How long after a fault of the GPU the model is opened again, on what then works.</summary>
    public static readonly TimeSpan ReopenAfter = TimeSpan.FromSeconds(30);

    /// <summary>Runs that may wait; one zone asks for one, and a node has few zones.</summary>
    public const int MaxWaiting = 8;

    private const int Nice = 10;

    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly List<ForecastJob> _waiting = new(MaxWaiting);
    private readonly SemaphoreSlim _ready = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<IForecastModel> _open;
    private readonly Func<bool> _isHot;
    private readonly TimeProvider _time;
    private readonly string _name;
    private readonly int _stateSize;
    private readonly int _steps;
    private readonly int _actionSize;
    private ForecasterFacts _facts;
    private IForecastModel? _model;
    private ForecastJob? _running;
    private long _runningSince;
    private EdgeException? _failure;
    private long _failedAt;
    private bool _stopped;

    /// <param name="isHot">Whether the device is too warm for work that can wait; asked at each call, from its thread.</param>
    /// <exception cref="EdgeException"><c>model.not_dynamics</c> (model).</exception>
    public OrtForecaster(ModelFile model, OrtOptions options, Func<bool> isHot, TimeProvider time)
        : this(model.Manifest.Name, new DynamicsPorts(model.Manifest), () => new OrtForecastModel(model, options), isHot, time)
    {
    }

    internal OrtForecaster(string name, DynamicsPorts ports, Func<IForecastModel> open, Func<bool> isHot, TimeProvider time)
    {
        (_name, _open, _isHot, _time) = (name, open, isHot, time);
        (_stateSize, _steps, _actionSize) = (ports.StateSize, ports.Steps, ports.ActionSize);
        _facts = new ForecasterFacts(name, "onnx/loading", []);
        new Thread(Work) { IsBackground = true, Name = "inference" }.Start();
    }

    public ForecasterFacts Facts => Volatile.Read(ref _facts);

    /// <exception cref="ArgumentException">The arrays do not have the sizes of the model.</exception>
    public ValueTask<ForecastRun> RunAsync(ReadOnlyMemory<float> state, ReadOnlyMemory<float> actions, CancellationToken cancellationToken)
    {
        if (state.Length != _stateSize) throw new ArgumentException(Text($"has {state.Length} numbers; the model takes {_stateSize}"), nameof(state));
        if (actions.Length != _steps * _actionSize) throw new ArgumentException(Text($"has {actions.Length} numbers; the model takes {_steps * _actionSize}"), nameof(actions));
        if (_isHot()) return new(ForecastRun.None("The device is hot, so forecasts wait.", FailureClass.Thermal));
        ForecastJob job;
        lock (_lock)
        {
            if (Refusal() is { } refused) return new(refused);
            job = new ForecastJob(state.Span, actions.Span);
            _waiting.Add(job);
        }

        job.Deadline = _time.CreateTimer(_ => Overdue(job), null, AnswerWithin, Timeout.InfiniteTimeSpan);
        if (job.Answered.IsCompleted) job.Deadline.Dispose();
        _ready.Release();
        return new(cancellationToken.CanBeCanceled ? job.Answered.WaitAsync(cancellationToken) : job.Answered);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_stopped) return;
            _stopped = true;
            foreach (ForecastJob job in _waiting) job.Answer(ForecastRun.None("The node stops.", FailureClass.Model));
            _waiting.Clear();
            if (_running is not null) _model?.Cancel();
        }

        _ready.Release();
        // A run that never comes back keeps its thread and its model; the process ends without it.
        await Task.WhenAny(_ended.Task, Task.Delay(StopLimit, _time));
    }

    // Under the lock.
    private ForecastRun? Refusal()
    {
        if (_stopped) return ForecastRun.None("The node stops.", FailureClass.Model);
        if (_running is { Answered.IsCompleted: true }) return ForecastRun.None(Text($"A run of '{_name}' has not come back for {_time.GetElapsedTime(_runningSince).TotalSeconds:0.0} s."), ClassOfDevice);
        if (_failure is { } failure && !MayReopen) return ForecastRun.None($"{failure.What} {failure.Why}", failure.FailureClass);
        return _waiting.Count < MaxWaiting ? null : ForecastRun.None(Text($"{MaxWaiting} runs of '{_name}' wait already."), ClassOfDevice);
    }

    // A damaged model stays so; a GPU may come back, and without it the CPU is there.
    private bool MayReopen => _failure is { FailureClass: FailureClass.Gpu } && _time.GetElapsedTime(_failedAt) >= ReopenAfter;

    private FailureClass ClassOfDevice => _model is null or { Provider: "onnx/CPU" } ? FailureClass.Model : FailureClass.Gpu;

    private void Overdue(ForecastJob job)
    {
        lock (_lock)
        {
            bool waits = _waiting.Remove(job);
            string why = waits ? _model is null ? "is still being loaded" : "was busy with the runs before" : "did not come back";
            if (!job.Answer(ForecastRun.None(Text($"'{_name}' {why} within {AnswerWithin.TotalMilliseconds:0} ms."), ClassOfDevice))) return;
            if (ReferenceEquals(job, _running)) _model?.Cancel();
        }
    }

    private void Work()
    {
        // Best effort: without it forecasts compete as equals, and the safety tick still has its real-time priority.
        _ = ThreadScheduler.TrySetNice(Nice);
        Open();
        while (true)
        {
            _ready.Wait();
            ForecastJob? job = null;
            lock (_lock)
            {
                if (_stopped) break;
                if (_waiting.Count > 0)
                {
                    job = _waiting[0];
                    _waiting.RemoveAt(0);
                    (_running, _runningSince) = (job, _time.GetTimestamp());
                }
            }

            // Its call was answered at its deadline and taken out of the line.
            if (job is null) continue;
            ForecastRun run = Run(job);
            lock (_lock)
            {
                _running = null;
                _ = job.Answer(run);
            }

            Thread.Yield();
        }

        _model?.Dispose();
        _ended.SetResult();
    }

    private ForecastRun Run(ForecastJob job)
    {
        if (_model is null && MayReopen) Open();
        if (_model is not { } model) return ForecastRun.None($"{_failure!.What} {_failure.Why}", _failure.FailureClass);
        var moisture = new float[_steps];
        try
        {
            model.Run(job.State, job.Actions, moisture);
        }
        catch (EdgeException fault)
        {
            if (fault.FailureClass == FailureClass.Gpu && !job.Answered.IsCompleted) Fail(fault);
            return ForecastRun.None($"{fault.What} {fault.Why}", fault.FailureClass);
        }
        catch (OutOfMemoryException)
        {
            return ForecastRun.None($"There was no memory to run '{_name}'.", FailureClass.Model);
        }

        int wrong = Array.FindIndex(moisture, m => !float.IsFinite(m));
        return wrong < 0 ? ForecastRun.Of(moisture) : ForecastRun.None(Text($"'{_name}' answered {moisture[wrong]} for step {wrong + 1}, which is not a number to go by."), FailureClass.Model);
    }

    private void Open()
    {
        try
        {
            IForecastModel model = _open();
            lock (_lock) (_model, _failure) = (model, null);
            Volatile.Write(ref _facts, new ForecasterFacts(_name, model.Provider, model.Skipped));
        }
        catch (EdgeException fault)
        {
            Fail(fault);
        }
        catch (OutOfMemoryException fault)
        {
            Fail(new EdgeException("model.run_failed", $"Could not load the model '{_name}'.", "There was no memory for it.", "`diag platform` shows the memory.", FailureClass.Model, fault));
        }
    }

    private void Fail(EdgeException fault)
    {
        IForecastModel? lost;
        lock (_lock)
        {
            (lost, _model) = (_model, null);
            (_failure, _failedAt) = (fault, _time.GetTimestamp());
        }

        lost?.Dispose();
        Volatile.Write(ref _facts, new ForecasterFacts(_name, "onnx/none", [$"{fault.What} {fault.Why}"]));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
