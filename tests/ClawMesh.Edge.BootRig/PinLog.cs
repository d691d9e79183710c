using System.Diagnostics;
using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>What the pins showed at a moment of the guest. A level is <c>0</c>, <c>1</c>, or <c>-</c> where it could not be read.</summary>
internal readonly record struct PinSample(TimeSpan Guest, long HostTicks, string Levels);

/// <summary>The outputs, in the order pinwatch tells them.</summary>
internal enum Pin
{
    Relay1,
    Relay2,
    RelayX,
    RelayP,
    CutOff,
}

/// <summary>Every level the host was told, and the guest's clock by it. Guest time is CLOCK_MONOTONIC: seconds since the kernel took over.</summary>
internal sealed class PinLog
{
    private readonly List<PinSample> _samples = [];

    public void Add(string line)
    {
        // P MICROSECONDS LEVELS
        string[] parts = line.Split(' ');
        if (parts.Length != 3 || parts[0] != "P" || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds)) return;
        lock (_samples)
        {
            _samples.Add(new PinSample(TimeSpan.FromMicroseconds(microseconds), Stopwatch.GetTimestamp(), parts[2]));
            Monitor.PulseAll(_samples);
        }
    }

    public IReadOnlyList<PinSample> Snapshot()
    {
        lock (_samples) return [.. _samples];
    }

    /// <summary>The guest's clock now, as far as the host can know it.</summary>
    public TimeSpan GuestNow()
    {
        lock (_samples) return _samples.Count == 0 ? TimeSpan.Zero : _samples[^1].Guest + Stopwatch.GetElapsedTime(_samples[^1].HostTicks);
    }

    /// <summary>How fast the guest's clock ran by the host's: about 1. A starved guest can mistake the pace of its processor's counter when it boots, and is off from then on.</summary>
    public double ClockRate()
    {
        lock (_samples)
        {
            if (_samples.Count < 2) return 1;
            TimeSpan host = Stopwatch.GetElapsedTime(_samples[0].HostTicks, _samples[^1].HostTicks);
            return host < TimeSpan.FromSeconds(1) ? 1 : (_samples[^1].Guest - _samples[0].Guest) / host;
        }
    }

    /// <summary>The first sample at or after a moment of the guest that is as asked; null when none came in time.</summary>
    public PinSample? WaitFor(TimeSpan from, TimeSpan limit, Func<string, bool> asked)
    {
        long began = Stopwatch.GetTimestamp();
        int next = 0;
        lock (_samples)
        {
            while (true)
            {
                for (; next < _samples.Count; next++)
                {
                    if (_samples[next].Guest >= from && asked(_samples[next].Levels)) return _samples[next];
                }

                TimeSpan left = limit - Stopwatch.GetElapsedTime(began);
                if (left <= TimeSpan.Zero) return null;
                Monitor.Wait(_samples, left);
            }
        }
    }

    public static bool Is(string levels, Pin pin, char level) => levels.Length > (int)pin && levels[(int)pin] == level;
}
