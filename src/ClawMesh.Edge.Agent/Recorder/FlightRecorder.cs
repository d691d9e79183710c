using System.Threading.Channels;
using ClawMesh.Edge.Agent.Logs;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>What a second's record says besides outputs and sensors. Made once and filled every second.</summary>
internal sealed class RecorderFacts(int outputs, int sensors)
{
    public byte Readiness { get; set; }

    public byte ClockClass { get; set; }

    public bool JournalReady { get; set; }

    public int Peers { get; set; }

    public long LateTicks { get; set; }

    public int MemoryKiB { get; set; }

    /// <summary>Not a number where the output was not read back.</summary>
    public float[] ReadBack { get; } = new float[outputs];

    /// <summary>The <see cref="DriverState"/> of each sensor.</summary>
    public byte[] SensorStates { get; } = new byte[sensors];
}

/// <summary>
/// Writes what the node saw to a bounded ring on disk: everything once a second, and at full rate from two seconds before to five after
/// an actuation, a fault, a trip or a latch. Records are gathered in memory and appended every ten seconds, every second while a burst
/// lasts. A disk that takes nothing costs the recording and nothing else.
/// </summary>
internal sealed class FlightRecorder(
    RecorderLayout layout, BurstRing ring, SegmentRing store, SensorId[] sensors, IReadingSource readings, Action<RecorderFacts> look, IEventSink events, TimeProvider time)
{
    private const int BufferBytes = 32 * 1024;
    private const int MaxMessage = 2_000;

    // Events that wait for the next second. More than this in one is a storm, of which the newest say enough.
    private const int Waiting = 256;

    // Full rate costs about 12 KB a second, nearly thirty times the ordinary: five minutes of it in an hour are 3.6 MB beside the ordinary
    // 1.5 MB, so that a ring of 16 MiB lasts three hours at the worst. A sensor that fails again and again has its own share of them.
    private const double MaxBurstSeconds = 240;
    private const double MaxFaultSeconds = 60;

    // What an event counts to: a fault that repeats, or a peer that is refused again and again, must not push what was done out of the ring.
    private const int Acts = 0;
    private const int Faults = 1;
    private const int Others = 2;
    private const int Refusals = 3;

    private static readonly double[] AtOnce = [400, 100, 200, 30];
    private static readonly double[] PerSecond = [2, 0.5, 1, 0.1];

    private static readonly TimeSpan After = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly byte[] _payload = new byte[BufferBytes / 2];
    private readonly byte[] _layout = Record(RecordKind.Layout, layout.Write());
    private readonly BurstSample _sample = new(ring.Outputs, ring.Sensors);
    private readonly RecorderFacts _facts = new(ring.Outputs, ring.Sensors);
    private readonly Channel<EdgeEvent> _heard = Queue();
    private readonly Channel<EdgeEvent> _heardFirst = Queue();
    private readonly long _startedAt = time.GetTimestamp();
    private int _used;
    private long _flushedAt = time.GetTimestamp();
    private long _cursor;
    private long _from;
    private long _until;
    private double _burstLeft = MaxBurstSeconds;
    private double _faultsLeft = MaxFaultSeconds;
    private readonly double[] _eventsLeft = [.. AtOnce];
    private long _actsUntil;
    private long _firstFault;
    private long _lastFault;
    private int _unwritten;
    private volatile bool _broken;
    private bool _flushSoon;
    private bool _failed;
    private long _received;
    private long _taken;
    private int _lost;

    /// <summary>For the safety tick.</summary>
    public ISafetyTap Tap => ring;

    /// <summary>For the event log: called on the publisher's thread.</summary>
    public void Heard(EdgeEvent e)
    {
        Interlocked.Increment(ref _received);
        if (_broken) return;
        int share = ShareOf(e);
        (share <= Faults ? _heardFirst : _heard).Writer.TryWrite(e);
        if (!IsTrigger(e)) return;
        long now = time.GetTimestamp();
        if (share == Acts)
        {
            ring.Trigger(now);
            return;
        }

        Interlocked.CompareExchange(ref _firstFault, now, 0);
        Interlocked.Exchange(ref _lastFault, now);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) Second();
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception bug)
        {
            // Nothing that only looks may end the node.
            Break(bug);
        }
    }

    /// <summary>What has not been written yet. Asks no output any more: its lane may have ended.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_broken) return;
            try
            {
                WriteBurst(time.GetTimestamp());
                WriteEvents();
                Flush();
            }
            catch (Exception bug)
            {
                Break(bug);
            }
        }
    }

    /// <summary>One pass.</summary>
    internal void Second()
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            _burstLeft = Math.Min(MaxBurstSeconds, _burstLeft + (MaxBurstSeconds / 3600));
            _faultsLeft = Math.Min(MaxFaultSeconds, _faultsLeft + (MaxFaultSeconds / 3600));
            for (int i = 0; i < _eventsLeft.Length; i++) _eventsLeft[i] = Math.Min(AtOnce[i], _eventsLeft[i] + PerSecond[i]);
            if (ring.TakeTriggers(out long first, out long last)) OpenWindow(first, last, fault: false);
            if (Interlocked.Exchange(ref _firstFault, 0) is not 0 and var fault) OpenWindow(fault, Math.Max(fault, Interlocked.Read(ref _lastFault)), fault: true);
            WriteBurst(now);
            WriteEvents();
            WriteSecond(now);

            bool bursting = _until >= now;
            if (bursting && Spend(now) <= 0) _until = _actsUntil = now;
            TimeSpan pause = _failed ? RetryAfter : bursting || _flushSoon ? TimeSpan.Zero : FlushEvery;
            if (time.GetElapsedTime(_flushedAt, now) >= pause) Flush();
        }
    }

    // Something moved, or something that moves is in trouble. A refusal moves nothing.
    private static bool IsTrigger(EdgeEvent e) => e.Type switch
    {
        EventTypes.ActuationDecision => e.Severity == EventSeverity.Info,
        EventTypes.ActuationOutcome => e.Severity != EventSeverity.Warning,
        EventTypes.ActuationState or EventTypes.Latch => true,
        EventTypes.DriverState => e.Severity != EventSeverity.Info,
        _ => e.Severity == EventSeverity.Error,
    };

    private static int ShareOf(EdgeEvent e) => e.Type switch
    {
        EventTypes.ActuationOutcome => e.Severity == EventSeverity.Warning ? Refusals : Acts,
        EventTypes.ActuationDecision or EventTypes.ActuationState or EventTypes.Latch => Acts,
        _ => e.Severity == EventSeverity.Error ? Faults : Others,
    };

    // What an actuation asked for is paid from its share, also where a fault asked for the same seconds.
    private double Spend(long now) => _actsUntil >= now ? --_burstLeft : --_faultsLeft;

    private void OpenWindow(long first, long last, bool fault)
    {
        if ((fault ? _faultsLeft : _burstLeft) < 1) return;
        (long from, long until) = (first - ring.Units(BurstRing.Before), last + ring.Units(After));
        // One that is not written out yet grows; a gap inside of it is written too, which harms nobody.
        _from = _from == 0 || from > _until ? from : Math.Min(_from, from);
        _until = Math.Max(_until, until);
        if (!fault) _actsUntil = Math.Max(_actsUntil, until);
    }

    private void WriteBurst(long now)
    {
        long undecided = now - ring.Units(BurstRing.Before);
        _cursor = Math.Max(_cursor, ring.Oldest);
        for (; _cursor < ring.Written; _cursor++)
        {
            if (!ring.TryCopy(_cursor, _sample)) continue;
            bool wanted = _from != 0 && _sample.At >= _from && _sample.At <= _until;
            // A trigger that comes in the next two seconds may still want it.
            if (!wanted && _sample.At > undecided) return;
            if (wanted) WriteSample(now);
        }
    }

    private void WriteSample(long now)
    {
        var w = new PayloadWriter(_payload);
        w.Number64((time.GetUtcNow() - time.GetElapsedTime(_sample.At, now)).ToUnixTimeMilliseconds());
        w.Number64((long)time.GetElapsedTime(_startedAt, _sample.At).TotalMicroseconds);
        w.Number32(_sample.LateUs);
        for (int i = 0; i < ring.Outputs; i++) WriteOutput(ref w, i);
        foreach (float value in _sample.Values) w.Real(value);
        Put(RecordKind.Burst, _payload.AsSpan(0, w.Length));
    }

    private void WriteOutput(ref PayloadWriter w, int output)
    {
        w.Byte(_sample.Flags[output]);
        w.Real(_sample.Commanded[output]);
        w.Number32(_sample.LeaseMs[output]);
    }

    private void WriteEvents()
    {
        while (NextHeard() is { } e)
        {
            int share = ShareOf(e);
            if (_eventsLeft[share] < 1) continue;
            _eventsLeft[share]--;
            ReadOnlySpan<byte> json = EventJson.Utf8(e.Message.Length > MaxMessage ? e with { Message = e.Message[..MaxMessage] } : e).Span;
            if (json.Length > _payload.Length) continue;
            Put(RecordKind.Event, json);
            _taken++;
            _unwritten++;
            // A peer that is refused must not decide how often a card is written to.
            _flushSoon |= e.Severity != EventSeverity.Info && share != Refusals;
        }

        _lost = (int)Math.Min(int.MaxValue, Interlocked.Read(ref _received) - _taken);
    }

    // In the order they were published.
    private EdgeEvent? NextHeard()
    {
        bool some = _heard.Reader.TryPeek(out EdgeEvent? other);
        bool first = _heardFirst.Reader.TryPeek(out EdgeEvent? act) && (!some || act.Sequence < other!.Sequence);
        return (first ? _heardFirst : _heard).Reader.TryRead(out EdgeEvent? e) ? e : null;
    }

    private void WriteSecond(long now)
    {
        look(_facts);
        if (!ring.TryCopy(ring.Written - 1, _sample))
        {
            // Not ticked yet.
            Array.Clear(_sample.Flags);
            Array.Clear(_sample.LeaseMs);
            Array.Fill(_sample.Commanded, float.NaN);
        }

        var w = new PayloadWriter(_payload);
        w.Number64(time.GetUtcNow().ToUnixTimeMilliseconds());
        w.Number64((long)time.GetElapsedTime(_startedAt, now).TotalMicroseconds);
        w.Number32(ring.TakeWorstLate());
        w.Byte(_facts.Readiness);
        w.Byte(_facts.ClockClass);
        w.Byte((byte)((_facts.JournalReady ? 1 : 0) | (_burstLeft < 1 || _faultsLeft < 1 ? 2 : 0)));
        w.Number32(_facts.Peers);
        w.Number64(_facts.LateTicks);
        w.Number32(_facts.MemoryKiB);
        w.Number32(_lost);
        for (int i = 0; i < ring.Outputs; i++)
        {
            WriteOutput(ref w, i);
            w.Real(_facts.ReadBack[i]);
        }

        for (int i = 0; i < ring.Sensors; i++)
        {
            Reading? reading = readings.Latest(sensors[i]);
            w.Byte(_facts.SensorStates[i]);
            w.Real(reading is { } r ? (float)r.Value : float.NaN);
            w.Number32(reading is { } aged ? (int)Math.Clamp(time.GetElapsedTime(aged.SampledTimestamp, now).TotalMilliseconds, 0, int.MaxValue) : -1);
        }

        Put(RecordKind.Second, _payload.AsSpan(0, w.Length));
    }

    private void Put(RecordKind kind, ReadOnlySpan<byte> payload)
    {
        if (_used + payload.Length + RecordFraming.Overhead > _buffer.Length) Flush();
        _used += RecordFraming.Write(_buffer.AsSpan(_used), kind, payload);
    }

    private void Flush()
    {
        long now = time.GetTimestamp();
        // A disk that took nothing is asked again after a while; until then what comes is let go.
        bool ask = !_failed || time.GetElapsedTime(_flushedAt, now) >= RetryAfter;
        bool kept = false;
        try
        {
            if (ask && _used > 0)
            {
                store.Append(_buffer.AsSpan(0, _used), _layout);
                if (_failed) Say(EventSeverity.Info, "The flight recorder writes again.", null);
                _failed = false;
                kept = true;
            }
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            if (!_failed) Say(EventSeverity.Warning, $"The flight recorder stopped: {full.Message} The node goes on without; it is tried again every minute.", FailureClass.Storage);
            _failed = true;
        }

        if (ask) _flushedAt = now;
        if (!kept) _taken -= _unwritten;
        _unwritten = 0;
        _flushSoon = false;
        _used = 0;
    }

    private void Say(EventSeverity severity, string message, FailureClass? failure) =>
        events.Publish(new EdgeEvent(0, default, EventTypes.DriverState, severity, "flight recorder", message, failure, OperatorOnly: true));

    private void Break(Exception bug)
    {
        _broken = true;
        Say(EventSeverity.Warning, $"The flight recorder failed and is off until the next start; the node goes on without: {bug.GetType().Name}, {bug.Message}", FailureClass.Infra);
    }

    private static Channel<EdgeEvent> Queue() =>
        Channel.CreateBounded<EdgeEvent>(new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private static byte[] Record(RecordKind kind, ReadOnlySpan<byte> payload)
    {
        byte[] record = new byte[payload.Length + RecordFraming.Overhead];
        RecordFraming.Write(record, kind, payload);
        return record;
    }
}
