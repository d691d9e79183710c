using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>
/// Counts the rising edges of one line, those the kernel had to drop included, and knows how many came lately. The window is kept in
/// slices, so memory does not grow with the rate. Thread-safe; counting and reading allocate nothing.
/// </summary>
internal sealed class PulseCounter : IDisposable
{
    private const int Slices = 50;
    private const ulong NsPerSecond = 1_000_000_000;

    // No thread of ours sleeps through more pulses than this; a larger gap is a numbering that began anew.
    private const uint MostLost = 1_000_000;

    private readonly Lock _lock = new();
    private readonly EdgeLines _line;
    private readonly TimeProvider _time;
    private readonly ulong _sliceNs;
    private readonly long[] _pulses = new long[Slices];
    private ulong _newest;
    private long _total;
    private uint _lastSequence;

    public PulseCounter(PartSite site, GpioTarget target, GpioRequest asked, TimeSpan window)
    {
        _time = site.Time;
        _sliceNs = (ulong)(window.TotalNanoseconds / Slices);
        _line = new EdgeLines(site, target, asked, edgesNeeded: true, Count, Restart);
    }

    /// <summary>Pulses since the first read, and pulses per second over the window.</summary>
    /// <exception cref="Core.Errors.EdgeException">As <see cref="EdgeLines.Read"/>; <c>gpio.no_edges</c> where edges cannot be counted.</exception>
    public (long Total, double PerSecond) Read()
    {
        _line.Read();
        lock (_lock)
        {
            ulong now = NowNs();
            MoveTo(now / _sliceNs);
            long recent = 0;
            foreach (long pulses in _pulses) recent += pulses;
            // The newest slice is not over yet. A clock that runs behind the last edge counts as standing at it.
            ulong begun = _newest * _sliceNs;
            ulong covered = ((Slices - 1) * _sliceNs) + (now > begun ? now - begun : 0);
            return (_total, recent * (double)NsPerSecond / covered);
        }
    }

    public void Dispose() => _line.Dispose();

    private void Count(GpioEdge edge)
    {
        lock (_lock)
        {
            // The kernel numbers the edges of the line from 1; what is missing came and had no room. The difference survives the wrap.
            uint pulses = edge.Sequence - _lastSequence;
            if (pulses is 0 or > MostLost) pulses = 1;
            _lastSequence = edge.Sequence;
            _total += pulses;
            ulong slice = edge.TimestampNs / _sliceNs;
            MoveTo(slice);
            if (slice + Slices > _newest) _pulses[slice % Slices] += pulses;
        }
    }

    // A fresh request begins to number anew; what was counted before stays.
    private void Restart()
    {
        lock (_lock) _lastSequence = 0;
    }

    private void MoveTo(ulong slice)
    {
        if (slice <= _newest) return;
        if (slice - _newest >= Slices) Array.Clear(_pulses);
        else for (ulong passed = _newest + 1; passed <= slice; passed++) _pulses[passed % Slices] = 0;
        _newest = slice;
    }

    // The kernel stamps edges with CLOCK_MONOTONIC, which is also what the system's TimeProvider counts on Linux.
    private ulong NowNs() => (ulong)((UInt128)(ulong)_time.GetTimestamp() * NsPerSecond / (ulong)_time.TimestampFrequency);
}
