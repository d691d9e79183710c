using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>
/// The last seconds at full rate, in memory: outputs and newest sensor values as the safety tick saw them. Everything is allocated at
/// the start; the tick writes and waits for nobody. Whoever reads copies a place and looks whether it was written again meanwhile.
/// </summary>
internal sealed class BurstRing : ISafetyTap
{
    /// <summary>What is kept before a trigger.</summary>
    public static readonly TimeSpan Before = TimeSpan.FromSeconds(2);

    // Between two samples at least: under a tick of the default, so that its jitter skips none.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(15);

    // The reader comes once a second and may be late by two.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(6);

    private readonly int _places;
    private readonly int _outputs;
    private readonly SensorId[] _sensorIds;
    private readonly IReadingSource _readings;
    private readonly long _frequency;
    private readonly long _tick;
    private readonly long _pace;
    private readonly long[] _at;
    private readonly int[] _late;
    private readonly byte[] _flags;
    private readonly float[] _commanded;
    private readonly int[] _leaseMs;
    private readonly float[] _values;
    private long _written;
    private long _lastTick;
    private int _latest = -1;
    private int _worstLate;
    private int _worstOfSecond;
    private long _firstTrigger;
    private long _lastTrigger;

    public BurstRing(int outputs, SensorId[] sensors, IReadingSource readings, TimeSpan tick, TimeProvider time)
    {
        _places = (int)(Kept / Pace);
        (_outputs, _sensorIds, _readings, _frequency) = (outputs, sensors, readings, time.TimestampFrequency);
        _tick = Units(tick);
        _pace = Units(Pace);
        _at = new long[_places];
        _late = new int[_places];
        _flags = new byte[_places * outputs];
        _commanded = new float[_places * outputs];
        _leaseMs = new int[_places * outputs];
        _values = new float[_places * _sensorIds.Length];
    }

    public int Outputs => _outputs;

    public int Sensors => _sensorIds.Length;

    /// <summary>Places written since the start; the number of the next.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>The oldest number that can still be copied.</summary>
    public long Oldest => Math.Max(0, Written - _places + 2);

    public void Ticked(long timestamp, ReadOnlySpan<OutputGlance> outputs)
    {
        int late = _lastTick == 0 ? 0 : (int)Math.Clamp((timestamp - _lastTick - _tick) * 1_000_000 / _frequency, 0, int.MaxValue);
        _lastTick = timestamp;
        if (late > _worstLate) _worstLate = late;
        if (late > Volatile.Read(ref _worstOfSecond)) Volatile.Write(ref _worstOfSecond, late);

        bool changed = false;
        int count = Math.Min(outputs.Length, _outputs);
        for (int i = 0; i < count; i++)
        {
            if (_latest >= 0 && _flags[(_latest * _outputs) + i] != Flags(outputs[i])) changed = true;
        }

        if (changed) Trigger(timestamp);
        else if (_latest >= 0 && timestamp - _at[_latest] < _pace) return;

        int place = (int)(_written % _places);
        _at[place] = timestamp;
        _late[place] = _worstLate;
        _worstLate = 0;
        for (int i = 0; i < count; i++)
        {
            OutputGlance o = outputs[i];
            int cell = (place * _outputs) + i;
            _flags[cell] = Flags(o);
            _commanded[cell] = (float)o.Commanded;
            _leaseMs[cell] = o.LeaseEnd == 0 ? 0 : (int)Math.Clamp((o.LeaseEnd - timestamp) * 1000.0 / _frequency, 0, int.MaxValue);
        }

        for (int i = 0; i < _sensorIds.Length; i++) _values[(place * _sensorIds.Length) + i] = _readings.Latest(_sensorIds[i]) is { } reading ? (float)reading.Value : float.NaN;
        _latest = place;
        Volatile.Write(ref _written, _written + 1);
    }

    /// <summary>Asks for a burst around a moment. From any thread, and for nothing if one is asked for already.</summary>
    public void Trigger(long timestamp)
    {
        Interlocked.CompareExchange(ref _firstTrigger, timestamp, 0);
        Interlocked.Exchange(ref _lastTrigger, timestamp);
    }

    /// <summary>The triggers since the last call; false when there were none.</summary>
    public bool TakeTriggers(out long first, out long last)
    {
        first = Interlocked.Exchange(ref _firstTrigger, 0);
        last = Math.Max(first, Interlocked.Read(ref _lastTrigger));
        return first != 0;
    }

    /// <summary>How late the latest tick was at worst, in microseconds, since the last call.</summary>
    public int TakeWorstLate() => Interlocked.Exchange(ref _worstOfSecond, 0);

    /// <summary>Copies a place. False when it is gone.</summary>
    public bool TryCopy(long number, BurstSample into)
    {
        if (number < Oldest || number >= Written) return false;
        int place = (int)(number % _places);
        into.At = _at[place];
        into.LateUs = _late[place];
        _flags.AsSpan(place * _outputs, _outputs).CopyTo(into.Flags);
        _commanded.AsSpan(place * _outputs, _outputs).CopyTo(into.Commanded);
        _leaseMs.AsSpan(place * _outputs, _outputs).CopyTo(into.LeaseMs);
        _values.AsSpan(place * _sensorIds.Length, _sensorIds.Length).CopyTo(into.Values);
        Interlocked.MemoryBarrier();
        return number >= Oldest;
    }

    public long Units(TimeSpan span) => (long)(span.TotalSeconds * _frequency);

    private static byte Flags(OutputGlance o) => (byte)((o.Energised ? 1 : 0) | (o.SafePending ? 2 : 0) | (o.Latched ? 4 : 0) | (o.BusBlocked ? 8 : 0));
}

/// <summary>A copy of one place. Made once and filled again and again.</summary>
internal sealed class BurstSample(int outputs, int sensors)
{
    public long At { get; set; }

    /// <summary>The worst lateness of a tick since the sample before.</summary>
    public int LateUs { get; set; }

    /// <summary>1 energised, 2 a safe write is owed, 4 latched, 8 its bus is blocked.</summary>
    public byte[] Flags { get; } = new byte[outputs];

    public float[] Commanded { get; } = new float[outputs];

    public int[] LeaseMs { get; } = new int[outputs];

    public float[] Values { get; } = new float[sensors];
}
