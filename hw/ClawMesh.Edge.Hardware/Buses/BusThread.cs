using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>
/// Carries out the reads of one bus, one after the other, on a thread of its own. A bus that hangs holds this thread and nobody
/// else's; callers stop waiting when their token says so.
/// </summary>
public sealed class BusThread : IDisposable
{
    // One read per sensor and a probe or two beside it; more than that waits for a bus that does not answer.
    private const int MaxQueued = 64;

    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(500);

    private readonly Queue<BusJob> _queue = new(MaxQueued);
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _ready = new(0);
    private readonly TimeProvider _time;
    private Thread? _thread;
    private int _sensors;
    private long _busySince;
    private bool _busy;
    private bool _stopped;

    public BusThread(string bus, TimeProvider time) => (Bus, _time) = (bus, time);

    public string Bus { get; }

    /// <summary>How long one read may take: two seconds, and one more for each further sensor whose read may be ahead of it; at most ten.</summary>
    public TimeSpan ReadLimit => TimeSpan.FromSeconds(Math.Min(1 + Math.Max(Volatile.Read(ref _sensors), 1), 10));

    /// <summary>Counts one more sensor of this bus.</summary>
    internal void Join() => Interlocked.Increment(ref _sensors);

    /// <summary>How long the present read has been going on; zero when none is.</summary>
    public TimeSpan BusyFor
    {
        get
        {
            lock (_lock) return _busy ? _time.GetElapsedTime(_busySince) : TimeSpan.Zero;
        }
    }

    /// <exception cref="EdgeException"><c>bus.blocked</c> (bus_io): the queue is full.</exception>
    internal void Post(BusJob job)
    {
        lock (_lock)
        {
            if (_queue.Count >= MaxQueued || _stopped) throw Blocked();
            _queue.Enqueue(job);
            // Started with the first read: a site names more buses than a verb such as safe-state ever reads.
            _thread ??= StartThread();
            _ready.Release();
        }
    }

    internal EdgeException Blocked() => new(
        "bus.blocked",
        $"Bus '{Bus}' does not answer.",
        BusyFor is { Ticks: > 0 } busy ? $"A transfer on it has been waiting for {busy.TotalSeconds:0.0} s." : "Too many reads wait for it, or the node stops.",
        "Look for the part that holds the bus: unplug them one after the other; `dmesg | tail` says what the kernel tried. A reboot frees a bus that hangs in the kernel.",
        FailureClass.BusIo);

    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            _stopped = true;
            foreach (BusJob waiting in _queue) waiting.Abandon();
            _queue.Clear();
            thread = _thread;
            _ready.Release();
        }

        // A read that hangs in the kernel keeps its thread; the process ends without it.
        if (thread is null || thread.Join(StopLimit)) _ready.Dispose();
    }

    private Thread StartThread()
    {
        var thread = new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = $"bus {Bus}" };
        thread.Start();
        return thread;
    }

    private void Run()
    {
        while (true)
        {
            _ready.Wait();
            BusJob job;
            lock (_lock)
            {
                if (_stopped) return;
                if (!_queue.TryDequeue(out job!)) continue;
                (_busy, _busySince) = (true, _time.GetTimestamp());
            }

            job.Run();
            lock (_lock) _busy = false;
        }
    }
}
