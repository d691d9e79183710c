using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>
/// The one inference thread and the bounded line before it. Everything asked is answered within <see cref="Limit"/>, whatever the engine
/// does: an engine that hangs holds this thread and nobody else's. Owns the engine.
/// </summary>
internal sealed class InferenceLine : IDisposable
{
    /// <summary>Waiting ones. The newest is refused: who asked before has waited longer, and a forecast that comes late is worth little.</summary>
    public const int Capacity = 8;

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    // A run that began a moment after it was asked for must count as hanging when its caller's time is over.
    private static readonly TimeSpan HangLimit = TimeSpan.FromMilliseconds(900);

    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(500);

    private readonly object _gate = new();
    private readonly List<InferenceJob> _waiting = new(Capacity);
    private readonly IRolloutEngine _engine;
    private readonly Func<bool> _isHot;
    private readonly TimeProvider _time;
    private Thread? _thread;
    private InferenceJob? _running;
    private long _runningSince;
    private int _urgent;
    private bool _stopped;

    public InferenceLine(IRolloutEngine engine, Func<bool> isHot, TimeProvider time) => (_engine, _isHot, _time) = (engine, isHot, time);

    public string EngineName => _engine.Name;

    /// <param name="urgent">Goes before those that are not: a forecast is small, a plan is not.</param>
    public async ValueTask<TAnswer> AskAsync<TAnswer>(InferenceJob<TAnswer> job, bool urgent, CancellationToken cancellationToken)
        where TAnswer : class
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!Admit(job, urgent)) return await job.Answer;
        await using ITimer deadline = _time.CreateTimer(static state => ((Action)state!)(), () => Expire(job), Limit, Timeout.InfiniteTimeSpan);
        await using CancellationTokenRegistration givenUp = cancellationToken.UnsafeRegister((_, token) => GiveUp(job, token), null);
        return await job.Answer;
    }

    public void Dispose()
    {
        Thread? thread;
        lock (_gate)
        {
            if (_stopped) return;
            _stopped = true;
            foreach (InferenceJob job in _waiting) job.Refuse("The node is stopping.", FailureClass.Infra);
            _waiting.Clear();
            _running?.Refuse("The node is stopping.", FailureClass.Infra);
            thread = _thread;
            Monitor.Pulse(_gate);
        }

        // An engine that hangs keeps its thread and itself; the process ends without them.
        if (thread is null || thread.Join(StopLimit)) _engine.Dispose();
    }

    private bool Admit(InferenceJob job, bool urgent)
    {
        bool hot = _isHot();
        lock (_gate)
        {
            if (_stopped) job.Refuse("The node is stopping.", FailureClass.Infra);
            else if (hot) job.Refuse("The device is too hot for inference.", FailureClass.Thermal);
            else if (HangsFor() is { } hanging) job.Refuse(Hangs(hanging), FailureClass.Gpu);
            else if (_waiting.Count >= Capacity) job.Refuse($"{_waiting.Count} others wait for inference already; {Capacity} may.", FailureClass.Budget);
            else
            {
                if (urgent) _waiting.Insert(_urgent++, job);
                else _waiting.Add(job);
                _thread ??= StartThread();
                Monitor.Pulse(_gate);
                return true;
            }
        }

        return false;
    }

    private void Expire(InferenceJob job)
    {
        lock (_gate)
        {
            if (job.IsAnswered) return;
            if (job != _running) Withdraw(job);
            if (HangsFor() is { } hanging) job.Refuse(Hangs(hanging), FailureClass.Gpu);
            else job.Refuse(Text($"Others were inferred first, and {Limit.TotalSeconds:0} s have passed."), FailureClass.Budget);
        }
    }

    private void GiveUp(InferenceJob job, CancellationToken token)
    {
        lock (_gate)
        {
            Withdraw(job);
            job.Cancel(token);
        }
    }

    private void Withdraw(InferenceJob job)
    {
        int at = _waiting.IndexOf(job);
        if (at >= 0) RemoveAt(at);
    }

    private void RemoveAt(int at)
    {
        _waiting.RemoveAt(at);
        if (at < _urgent) _urgent--;
    }

    private TimeSpan? HangsFor() => _running is not null && _time.GetElapsedTime(_runningSince) is var since && since >= HangLimit ? since : null;

    private string Hangs(TimeSpan since) => Text($"The engine '{_engine.Name}' has not answered for {since.TotalSeconds:0.0} s; nothing more is asked of it until it does.");

    private Thread StartThread()
    {
        var thread = new Thread(Run, maxStackSize: 1024 * 1024) { IsBackground = true, Name = "inference" };
        thread.Start();
        return thread;
    }

    private void Run()
    {
        InferencePriority.Lower();
        while (true)
        {
            InferenceJob job;
            lock (_gate)
            {
                while (_waiting.Count == 0 && !_stopped) Monitor.Wait(_gate);
                if (_stopped) return;
                job = _waiting[0];
                RemoveAt(0);
                (_running, _runningSince) = (job, _time.GetTimestamp());
            }

            job.Run(_engine);
            lock (_gate) _running = null;
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
