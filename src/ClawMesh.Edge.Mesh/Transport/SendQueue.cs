using System.Diagnostics.CodeAnalysis;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// What waits to be written to one peer ([W-155], [X-72] to ): three classes, highest first, within a class first come,
/// first served, except that a newer observation takes the place of an older one of its key. Bounded in messages, bytes and
/// keys; on overflow the oldest bulk message goes first, and class safety or control is refused only where nothing else is left
/// to push out. Thread-safe, for many who add and one who takes. Never blocks.
/// </summary>
/// <remarks>Frames of one key must be added in ascending time; the queue keeps that order ([W-79]).</remarks>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "It is a queue.")]
public sealed class SendQueue
{
    /// <summary>The longest message that may be sent at all ([W-9]).</summary>
    public const int MaxMessageBytes = 1_048_576;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly SendLimits _limits;
    private readonly Pacer _pacer;
    private readonly KeyTable _keys;
    private readonly WaitingLine _safety = new();
    private readonly WaitingLine _control = new();
    private readonly WaitingLine _plainBulk = new();
    private readonly long[] _sent = new long[3];
    private long _coalesced;
    private long _dropped;
    private long _droppedSafety;
    private long _bytes;
    private long _bulkBytes;
    private long _order;
    private bool _completed;
    private bool _signalled;
    private TaskCompletionSource? _waiter;
    private long? _takerDue;

    public SendQueue(TimeProvider time, SendLimits limits, Pace? pace = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxMessages, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxBulkKeys, 1);
        _time = time;
        _limits = limits;
        _pacer = new Pacer(time);
        _pacer.SetPace(pace);
        _keys = new KeyTable(time, limits.MaxBulkKeys, limits.MinKeyInterval);
    }

    public bool IsEmpty => Count == 0;

    public int Count
    {
        get
        {
            lock (_lock) return Waiting;
        }
    }

    /// <summary>Bytes of UTF-8 that wait.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _bytes;
        }
    }

    /// <summary>Of these, the bytes of class safety and control: what no newer message can push out.</summary>
    public long UrgentBytes
    {
        get
        {
            lock (_lock) return _bytes - _bulkBytes;
        }
    }

    /// <summary>
    /// How long the oldest place in line has waited; zero when empty. A replaced observation hands its age on. On a paced link this
    /// may be minutes without fault: whether the peer drains is told by <see cref="IsStuck"/>.
    /// </summary>
    public TimeSpan OldestWaiting
    {
        get
        {
            lock (_lock) return Oldest();
        }
    }

    /// <summary>
    /// True when the taker has owed its next call of <see cref="TryTake"/> for more than <see cref="SendLimits.StuckAfter"/>: the
    /// write it is in does not end, so the peer does not drain and the session is to be closed ([W-155]). Pacing is not stuck.
    /// </summary>
    public bool IsStuck
    {
        get
        {
            lock (_lock) return _takerDue is { } due && _time.GetElapsedTime(due, _time.GetTimestamp()) > _limits.StuckAfter;
        }
    }

    public SendCounters Counters
    {
        get
        {
            lock (_lock)
            {
                return new SendCounters(
                    _sent[(int)MessageClass.Safety], _sent[(int)MessageClass.Control], _sent[(int)MessageClass.Bulk],
                    _coalesced, _dropped, _droppedSafety, (long)Oldest().TotalMilliseconds, _pacer.InWindow);
            }
        }
    }

    private int Waiting => _safety.Count + _control.Count + BulkWaiting;

    private int BulkWaiting => _plainBulk.Count + _keys.Waiting.Count;

    /// <summary>Queues one message. False: it was dropped and counted, for lack of room, for its length, or after <see cref="Complete"/>.</summary>
    public bool TryAdd(OutboundMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_lock)
        {
            if (_completed || !HasRoom(message.Utf8.Length))
            {
                CountDropped(message);
                return false;
            }

            long now = _time.GetTimestamp();
            SendSlot? older = message.Key is null ? null : _keys.FindWaiting(message.Key);
            if (older is not null) _coalesced++;
            if (older is not null && message.Class == MessageClass.Bulk)
            {
                Uncount(older.Message!);
                older.SeenAt = now;
                Put(older, message);
                return true;
            }

            if (older is not null) Remove(older);
            SendSlot slot = Enter(message, now);
            slot.Order = ++_order;
            slot.Since = now;
            Put(slot, message);
            Signal(now);
            return true;
        }
    }

    /// <summary>Takes the message to send now and counts it as sent.</summary>
    /// <param name="wait">
    /// Zero when true. When false the time after which to ask again, at most about 60 s where the pace holds something back;
    /// infinite when nothing waits. Ask again sooner when <see cref="WaitAsync"/> ends.
    /// </param>
    public bool TryTake([NotNullWhen(true)] out OutboundMessage? message, out TimeSpan wait)
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            if (Next(now, out wait) is not { } slot)
            {
                message = null;
                _takerDue = wait == Timeout.InfiniteTimeSpan ? null : now + (long)(wait.TotalSeconds * _time.TimestampFrequency);
                return false;
            }

            message = slot.Message!;
            slot.SentAt = now;
            Remove(slot);
            _pacer.Count();
            _sent[(int)message.Class]++;
            _takerDue = now;
            return true;
        }
    }

    /// <summary>Ends when something was added since the last call, when the pace changed, or after <paramref name="atMost"/>. For one waiter.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource waiter;
        lock (_lock)
        {
            bool signalled = _signalled;
            _signalled = false;
            if (signalled || atMost == TimeSpan.Zero) return;
            waiter = _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister(static (w, token) => ((TaskCompletionSource)w!).TrySetCanceled(token), waiter);
        using ITimer? timer = atMost == Timeout.InfiniteTimeSpan
            ? null
            : _time.CreateTimer(static w => ((TaskCompletionSource)w!).TrySetResult(), waiter, atMost, Timeout.InfiniteTimeSpan);
        await waiter.Task;
    }

    /// <summary>Changes the pace; null lifts it. What was sent before still counts.</summary>
    public void SetPace(Pace? pace)
    {
        lock (_lock)
        {
            _pacer.SetPace(pace);
            if (pace is null) _keys.ForgetIdle();
            if (Waiting > 0) Signal(_time.GetTimestamp());
        }
    }

    /// <summary>No more adds. What waits can still be taken, at the pace of the link.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _completed = true;
            Signal(_time.GetTimestamp());
        }
    }

    /// <summary>Whether a message of this length fits once every bulk message has gone.</summary>
    private bool HasRoom(int bytes) =>
        bytes <= MaxMessageBytes && _bytes - _bulkBytes + bytes <= _limits.MaxBytes && Waiting - BulkWaiting < _limits.MaxMessages;

    private SendSlot Enter(OutboundMessage message, long now)
    {
        if (message is { Class: MessageClass.Bulk, Key: { } key })
        {
            if (_keys.IsFull) Drop(_keys.Waiting.First!);
            return _keys.Enter(key, now);
        }

        var slot = new SendSlot(key: null);
        (message.Class switch { MessageClass.Safety => _safety, MessageClass.Control => _control, _ => _plainBulk }).Add(slot);
        return slot;
    }

    /// <summary>Fills a slot that stands in line, then pushes out other bulk messages, oldest first, until the limits hold.</summary>
    private void Put(SendSlot slot, OutboundMessage message)
    {
        slot.Message = message;
        _bytes += message.Utf8.Length;
        if (message.Class == MessageClass.Bulk) _bulkBytes += message.Utf8.Length;
        while (_bytes > _limits.MaxBytes || Waiting > _limits.MaxMessages) Drop(OldestBulk(slot));
    }

    private SendSlot OldestBulk(SendSlot except)
    {
        SendSlot? plain = _plainBulk.First == except ? except.Next : _plainBulk.First;
        SendSlot? keyed = _keys.Waiting.First == except ? except.Next : _keys.Waiting.First;
        return Earlier(plain, keyed)!;
    }

    private static SendSlot? Earlier(SendSlot? plain, SendSlot? keyed) =>
        keyed is null || (plain is not null && plain.Order < keyed.Order) ? plain : keyed;

    /// <summary>The message that may go now. A class that must wait makes the lower ones wait at least as long.</summary>
    private SendSlot? Next(long now, out TimeSpan wait)
    {
        if (Waiting == 0)
        {
            wait = Timeout.InfiniteTimeSpan;
            return null;
        }

        SendSlot? urgent = _safety.First ?? _control.First;
        wait = _pacer.WaitFor(_safety.Count > 0 ? MessageClass.Safety : _control.Count > 0 ? MessageClass.Control : MessageClass.Bulk);
        if (wait != TimeSpan.Zero) return null;
        if (urgent is not null) return urgent;

        SendSlot? keyed = _pacer.Pace is { } pace ? _keys.FirstReady(pace, now, out wait) : _keys.Waiting.First;
        SendSlot? next = Earlier(_plainBulk.First, keyed);
        if (next is not null) wait = TimeSpan.Zero;
        return next;
    }

    private void Drop(SendSlot slot)
    {
        CountDropped(slot.Message!);
        Remove(slot);
    }

    private void CountDropped(OutboundMessage message)
    {
        _dropped++;
        if (message.Class == MessageClass.Safety) _droppedSafety++;
    }

    private void Remove(SendSlot slot)
    {
        Uncount(slot.Message!);
        if (slot.Line == _keys.Waiting) _keys.Leave(slot, remember: _pacer.Pace is not null);
        else slot.Line!.Remove(slot);
    }

    private void Uncount(OutboundMessage message)
    {
        _bytes -= message.Utf8.Length;
        if (message.Class == MessageClass.Bulk) _bulkBytes -= message.Utf8.Length;
    }

    private TimeSpan Oldest()
    {
        long now = _time.GetTimestamp();
        long since = now;
        if (_safety.First is { } safety) since = safety.Since;
        if (_control.First is { } control) since = Math.Min(since, control.Since);
        if (Earlier(_plainBulk.First, _keys.Waiting.First) is { } bulk) since = Math.Min(since, bulk.Since);
        return _time.GetElapsedTime(since, now);
    }

    private void Signal(long now)
    {
        _takerDue = _takerDue is { } due ? Math.Min(due, now) : now;
        // A waiter that has just given up does not count as told.
        if (_waiter is null || !_waiter.TrySetResult()) _signalled = true;
        _waiter = null;
    }
}
