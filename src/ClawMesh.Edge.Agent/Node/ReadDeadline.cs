namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The token of one loop's reads: cancelled when a read takes too long or the node stops. The same token serves read after read as
/// long as none was late, so that a deadline allocates nothing. One read at a time.
/// </summary>
internal sealed class ReadDeadline : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private readonly CancellationToken _stopping;
    private CancellationTokenSource _source;
    private bool _running;
    // The token is about to be cancelled: the next read needs another one, however soon it comes.
    private bool _late;

    public ReadDeadline(TimeProvider time, CancellationToken stopping)
    {
        _stopping = stopping;
        _source = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _timer = time.CreateTimer(static deadline => ((ReadDeadline)deadline!).Passed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public CancellationToken Start(TimeSpan limit)
    {
        CancellationToken token;
        lock (_lock)
        {
            if (_late || _source.IsCancellationRequested)
            {
                _source.Dispose();
                _source = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
                _late = false;
            }

            _running = true;
            token = _source.Token;
        }

        _timer.Change(limit, Timeout.InfiniteTimeSpan);
        return token;
    }

    public void Stop()
    {
        lock (_lock) _running = false;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }

    private void Passed()
    {
        CancellationTokenSource late;
        lock (_lock)
        {
            // A timer that fires just after the read came back must not cut the next one short.
            if (!_running) return;
            _running = false;
            _late = true;
            late = _source;
        }

        try
        {
            late.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended, or has gone on with another token, in this very moment.
        }
    }
}
