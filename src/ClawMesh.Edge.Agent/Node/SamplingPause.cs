using System.Threading.Tasks.Sources;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The pause of one sampling loop: ends when its time is over, when somebody wakes it, or when the node stops. One timer and one
/// object for the life of the loop, so that pausing allocates nothing. One waiter at a time.
/// </summary>
internal sealed class SamplingPause : IValueTaskSource, IDisposable
{
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _stopping;
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private bool _waiting;
    private bool _woken;
    private bool _stopped;

    public SamplingPause(TimeProvider time, CancellationToken stopping)
    {
        _timer = time.CreateTimer(static pause => ((SamplingPause)pause!).End(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _stopping = stopping.UnsafeRegister(static pause => ((SamplingPause)pause!).Stop(), this);
    }

    /// <summary>Ends at once when it was woken since the last pause, or when the node stops.</summary>
    public ValueTask WaitAsync(TimeSpan pause)
    {
        lock (_lock)
        {
            if (_stopped || _woken || pause <= TimeSpan.Zero)
            {
                _woken = false;
                return ValueTask.CompletedTask;
            }

            _core.Reset();
            _waiting = true;
        }

        _timer.Change(pause, Timeout.InfiniteTimeSpan);
        return new ValueTask(this, _core.Version);
    }

    /// <summary>From any thread; remembered until the next pause when none is under way.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            if (!_waiting)
            {
                _woken = true;
                return;
            }
        }

        End();
    }

    public void GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);

    public void Dispose()
    {
        _stopping.Dispose();
        _timer.Dispose();
    }

    private void Stop()
    {
        lock (_lock) _stopped = true;
        End();
    }

    private void End()
    {
        lock (_lock)
        {
            if (!_waiting) return;
            _waiting = false;
        }

        _core.SetResult(true);
    }
}
