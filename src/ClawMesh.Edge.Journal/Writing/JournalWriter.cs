using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal.Frames;
using ClawMesh.Edge.Journal.Opening;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Writing;

/// <summary>
/// The one thread that writes <c>edge.db</c>. Records come first, one to a transaction; then frames somebody waits for; all others in
/// short batches, once a second; checkpoints of the log when no record is expected. Sleeps without a timer when there is nothing to do.
/// </summary>
internal sealed class JournalWriter : IDisposable
{
    /// <summary>Records waiting for the disk. Full means seconds of disk time: a caller is better refused than made to wait longer.</summary>
    public const int QueueCapacity = 256;

    // frames may be grouped for up to 1 s.
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    // A decision is followed by its outcome within this time as a rule; a checkpoint must not come between them.
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(2);

    private const long LogBytesWhenQuiet = 1 << 20;
    private const long LogBytesAtMost = 8 << 20;

    private readonly object _gate = new();
    private readonly Queue<WriteJob> _jobs = new(QueueCapacity);
    private readonly Queue<Action> _controls = new();
    private readonly FrameQueue _frames;
    private readonly Func<JournalSession> _open;
    private readonly Func<RecordStamp> _stamp;
    private readonly JournalPaths _paths;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private readonly ITimer _timer;
    private JournalSession? _session;
    private volatile JournalHealth _health = JournalHealth.Ready;
    private long _lastRecordTimestamp;
    private int _tickArmed;
    private bool _tickDue;
    private bool _flushDue;
    private bool _stopping;

    /// <param name="open">Opens a session; run here at once on the caller's thread, later on the writer's.</param>
    public JournalWriter(JournalPaths paths, FrameQueue frames, Func<JournalSession> open, Func<RecordStamp> stamp, TimeProvider time)
    {
        (_paths, _frames, _open, _stamp, _time) = (paths, frames, open, stamp, time);
        _lastRecordTimestamp = time.GetTimestamp();
        _timer = time.CreateTimer(static writer => ((JournalWriter)writer!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        TryOpen();
        _thread = new Thread(Run) { Name = "journal", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Raised on the writer's thread when the state changed; listeners must not block.</summary>
    public event Action<JournalHealth>? HealthChanged;

    public JournalHealth Health => _health;

    /// <summary>Queues a job. It is completed or failed, always.</summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: not queued.</exception>
    public void Enqueue(WriteJob job)
    {
        if (_health is { State: JournalState.Unavailable } health) throw StorageFault.Exception(health);
        lock (_gate)
        {
            if (_stopping) throw StorageFault.Exception(StorageFault.Stopping);
            if (_jobs.Count >= QueueCapacity) throw StorageFault.QueueFull(QueueCapacity);
            _jobs.Enqueue(job);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Tells the writer that frames wait; it writes them within <see cref="TickInterval"/>.</summary>
    public void FramesWait() => ArmTick();

    /// <summary>Tells the writer that somebody waits for a frame, or for the word that there is no hope for it.</summary>
    public void FramesUrgent()
    {
        ArmTick();
        lock (_gate)
        {
            _flushDue = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Removes frames and knowledge of an origin, up to this moment, in slices that records go between. Blocks.</summary>
    public void ForgetFrames(string origin)
    {
        long until = Control(() => _frames.Forget(origin));
        while (Control(() => ForgetSlice(origin, until)))
        {
        }

        Control(() =>
        {
            _frames.TellRefused();
            return true;
        });
    }

    /// <summary>Tries to open again. Blocks until it is known; true when the journal is ready.</summary>
    public bool TryReopen() => Control(() => _session is not null || TryOpen());

    /// <summary>Closes, lets <paramref name="between"/> move the files, and opens what is there then.</summary>
    public T Replace<T>(Func<T> between) => Control(() =>
    {
        _session?.Abandon();
        _session = null;
        try
        {
            return between();
        }
        finally
        {
            TryOpen();
        }
    });

    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        _timer.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            WriteJob? job = null;
            Action? control = null;
            bool flush = false;
            lock (_gate)
            {
                while (!_controls.TryDequeue(out control) && !_jobs.TryDequeue(out job) && !_flushDue && !_tickDue && !_stopping) Monitor.Wait(_gate);
                if (control is null && job is null)
                {
                    // Asked to stop, it still finishes what it was given.
                    if (!_flushDue && !_tickDue) break;
                    flush = _flushDue;
                    _flushDue = false;
                    if (!flush) _tickDue = false;
                }
            }

            if (control is not null) control();
            else if (job is not null) RunJob(job);
            else if (flush) Flush();
            else KeepHouse();
        }

        Close();
    }

    private void RunJob(WriteJob job)
    {
        if (_session is not { } session)
        {
            job.Fail(StorageFault.Exception(_health));
            return;
        }

        try
        {
            job.Run(session);
        }
        catch (EdgeException refused)
        {
            job.Fail(refused);
            return;
        }
        catch (Exception fault) when (HealthOf(fault) is { } health)
        {
            Break(health);
            job.Fail(StorageFault.Exception(health, fault));
            return;
        }

        // The caller goes on with a durable record; the head follows before the next record is taken.
        job.Complete();
        _lastRecordTimestamp = _time.GetTimestamp();
        Guarded(current =>
        {
            current.WriteHead();
            bool patient;
            lock (_gate) patient = _jobs.Count > 0;
            if (!current.IsPruneDue(patient)) return;
            current.Prune(_stamp());
            current.WriteHead();
        });
        ArmTick();
    }

    private void Flush()
    {
        Guarded(session => WriteFrames(session, urgentOnly: true));
        _frames.TellRefused();
        if (_session is null) _frames.Refuse();
        else if (_frames.UrgentWaits) FramesUrgent();
    }

    private void KeepHouse()
    {
        Volatile.Write(ref _tickArmed, 0);
        bool more = false;
        ForgetWhatWaited();
        Guarded(session =>
        {
            bool wrote = WriteFrames(session, urgentOnly: false, out more);
            long log = session.Transactions.LogBytes;
            bool quiet = _time.GetElapsedTime(_lastRecordTimestamp) >= QuietTime;
            bool idle = quiet && (!wrote || log >= LogBytesWhenQuiet);
            if (log >= LogBytesAtMost || (idle && log > 0)) session.Transactions.Checkpoint();
            if (session.Transactions.LogBytes > 0) ArmTick();
        });

        // One short batch at a time, so that a record that came in meanwhile goes first.
        if (_session is null || !(more || _frames.Waits)) return;
        lock (_gate) _tickDue = true;
    }

    private bool WriteFrames(JournalSession session, bool urgentOnly) => WriteFrames(session, urgentOnly, out _);

    private bool WriteFrames(JournalSession session, bool urgentOnly, out bool more)
    {
        more = false;
        RecordStamp stamp = _stamp();
        FrameBatch batch = _frames.Take(FrameTable.MaxBatch, urgentOnly);
        if (batch.IsEmpty && (urgentOnly || !session.Frames.IsPruneDue(stamp))) return false;
        FrameBatchResult result = default;
        try
        {
            session.Transactions.Run(() => result = session.Frames.Write(batch, stamp));
        }
        catch
        {
            _frames.Failed(batch);
            throw;
        }

        _frames.Wrote(batch, result, session.Frames.Totals);
        more = result.More;
        return !batch.IsEmpty || result.Pruned > 0;
    }

    /// <summary>True when there is more to remove.</summary>
    private bool ForgetSlice(string origin, long until)
    {
        bool more = false;
        Guarded(session =>
        {
            session.Transactions.Run(() => more = session.Frames.Forget(origin, until));
            _frames.Counted(session.Frames.Totals);
        });
        if (_session is not null) return more;
        _frames.ForgetLater(origin, until);
        return false;
    }

    private void ForgetWhatWaited()
    {
        while (_session is not null && _frames.TryTakeForgotten(out (string Origin, long Until) forgotten))
        {
            while (ForgetSlice(forgotten.Origin, forgotten.Until))
            {
            }
        }
    }

    private void Close()
    {
        while (_session is not null && _frames.Waits) Guarded(session => WriteFrames(session, urgentOnly: false));
        _frames.Close();
        if (_session is not { } open) return;
        _session = null;
        try
        {
            open.Dispose();
        }
        catch (SqliteException)
        {
            // The log could not be moved into the database; the next open finds it beside the file and reads it.
        }
    }

    /// <summary>Work no caller waits for: a fault makes the journal unavailable and is told by its health.</summary>
    private void Guarded(Action<JournalSession> work)
    {
        if (_session is not { } session) return;
        try
        {
            work(session);
        }
        catch (Exception fault) when (HealthOf(fault) is { } health)
        {
            Break(health);
        }
    }

    private bool TryOpen()
    {
        try
        {
            _session = _open();
        }
        catch (Exception fault) when (HealthOf(fault) is { } health)
        {
            SetHealth(health);
            return false;
        }

        _frames.Found(_session.Frames.Totals, _session.Frames.LastNumber);
        SetHealth(JournalHealth.Ready);
        ArmTick();
        return true;
    }

    private void Break(JournalHealth health)
    {
        // Closed rather than kept: what SQLite holds in memory after a failed write is not worth a second thought.
        _session?.Abandon();
        _session = null;
        SetHealth(health);
        _frames.Refuse();
    }

    private void SetHealth(JournalHealth health)
    {
        if (health == _health) return;
        _health = health;
        HealthChanged?.Invoke(health);
    }

    private JournalHealth? HealthOf(Exception fault) => fault switch
    {
        JournalUnavailableException unavailable => unavailable.Health,
        SqliteException sqlite => StorageFault.Health(sqlite, _paths),
        IOException or UnauthorizedAccessException => StorageFault.Health(fault, _paths.StateDirectory, _paths),
        // Whatever else a damaged file leads to: the thread that every permit waits for must outlive it, and nothing is armed meanwhile.
        _ => StorageFault.Unavailable(
            $"The journal failed in a way it did not expect: {fault.GetType().Name}: {fault.Message}", "Look at it with `clawmesh-edge audit verify`; if it is damaged, `clawmesh-edge journal reset` sets it aside."),
    };

    private T Control<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);

            // As many as there are callers, and each of them waits here.
            _controls.Enqueue(() =>
            {
                try
                {
                    done.SetResult(work());
                }
                catch (Exception fault) when (fault is EdgeException or IOException or UnauthorizedAccessException)
                {
                    done.SetException(fault);
                }
            });
            Monitor.Pulse(_gate);
        }

        return done.Task.GetAwaiter().GetResult();
    }

    private void ArmTick()
    {
        if (Interlocked.Exchange(ref _tickArmed, 1) == 0) _timer.Change(TickInterval, Timeout.InfiniteTimeSpan);
    }

    private void Tick()
    {
        lock (_gate)
        {
            _tickDue = true;
            Monitor.Pulse(_gate);
        }
    }
}
