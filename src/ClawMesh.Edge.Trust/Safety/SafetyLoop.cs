using ClawMesh.Edge.Core.Time;

namespace ClawMesh.Edge.Trust.Safety;

/// <summary>
/// The thread that ticks. It waits on its own stop event for the length of a tick, so it neither sleeps nor needs a timer
/// whose queue others could fill. Overruns are counted, not hidden.
/// </summary>
internal sealed class SafetyLoop : IDisposable
{
    private readonly ManualResetEventSlim _stop = new(false);
    private readonly Thread _thread;
    private readonly TimeProvider _time;
    private readonly Action _tick;
    private readonly TimeSpan _interval;
    private long _ticks;
    private long _lateTicks;
    private long _lastTick;
    // About three minutes of ticks.
    private readonly LatencyRing _jitter = new(8_192);

    public SafetyLoop(Action tick, TimeSpan interval, TimeProvider time, Action onThreadStart)
    {
        (_tick, _interval, _time) = (tick, interval, time);
        _lastTick = time.GetTimestamp();
        _thread = new Thread(() =>
        {
            onThreadStart();
            Run();
        })
        {
            IsBackground = true,
            Name = "safety-tick",
        };
        _thread.Start();
    }

    public long Ticks => Interlocked.Read(ref _ticks);

    /// <summary>Ticks that began more than one interval late.</summary>
    public long LateTicks => Interlocked.Read(ref _lateTicks);

    /// <summary>How far from one interval after the one before the latest ticks began.</summary>
    public LatencyFigures Jitter => _jitter.Snapshot();

    /// <summary>Age of the last finished tick; what a watchdog looks at.</summary>
    public TimeSpan SinceLastTick => _time.GetElapsedTime(Interlocked.Read(ref _lastTick));

    public void Dispose()
    {
        _stop.Set();
        if (_thread.Join(TimeSpan.FromSeconds(1))) _stop.Dispose();
    }

    private void Run()
    {
        // ManualResetEventSlim spins a little before it waits; with 0 spins an idle node stays idle.
        while (!_stop.WaitHandle.WaitOne(_interval))
        {
            long now = _time.GetTimestamp();
            if (_time.GetElapsedTime(_lastTick, now) > 2 * _interval) Interlocked.Increment(ref _lateTicks);
            _jitter.Add((_time.GetElapsedTime(_lastTick, now) - _interval).Duration());
            _tick();
            Interlocked.Exchange(ref _lastTick, now);
            Interlocked.Increment(ref _ticks);
        }
    }
}
