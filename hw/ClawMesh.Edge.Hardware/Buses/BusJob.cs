using System.Threading.Tasks.Sources;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>
/// One sensor's read as its bus carries it out again and again: the same object each time, so that sampling allocates nothing.
/// The waiter may leave; the read then ends by itself, and until it has, a new one is refused.
/// </summary>
internal sealed class BusJob(BusThread thread, Func<Reading> work) : IValueTaskSource<Reading>
{
    private static readonly Action<object?> AbandonIt = static job => ((BusJob)job!).Abandon();

    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<Reading> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    // Until its waiter has taken the result, the job is nobody else's; until the bus has let go of it, it cannot start again.
    private bool _claimed;
    private bool _running;
    private bool _settled;

    /// <summary>Null when somebody waits for this job already: the caller makes another one.</summary>
    /// <exception cref="EdgeException"><c>bus.blocked</c>: the read before, which was given up, has not come back.</exception>
    public ValueTask<Reading>? TryStart(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_claimed) return null;
            if (_running) throw thread.Blocked();
            _core.Reset();
            (_claimed, _running, _settled, _token) = (true, true, false, cancellationToken);
        }

        try
        {
            thread.Post(this);
        }
        catch
        {
            lock (_lock) (_claimed, _running) = (false, false);
            throw;
        }

        _registration = cancellationToken.UnsafeRegister(AbandonIt, this);
        return new ValueTask<Reading>(this, _core.Version);
    }

    /// <summary>On the bus's thread.</summary>
    public void Run()
    {
        Reading reading = default;
        Exception? failed = null;
        try
        {
            reading = work();
        }
        catch (Exception e)
        {
            failed = e;
        }

        lock (_lock)
        {
            _running = false;
            if (_settled) return;
            _settled = true;
        }

        if (failed is null) _core.SetResult(reading);
        else _core.SetException(failed);
    }

    public Reading GetResult(short token)
    {
        _registration.Dispose();
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            lock (_lock) _claimed = false;
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);

    /// <summary>Ends the wait; the read itself ends when its bus lets go.</summary>
    internal void Abandon()
    {
        lock (_lock)
        {
            if (_settled) return;
            _settled = true;
        }

        _core.SetException(new OperationCanceledException(_token));
    }
}
