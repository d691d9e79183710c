using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>
/// The lines of one part: found and requested when they are first needed, given up when their chip goes, requested again at the next
/// use. So a busy line or an unplugged chip is a failure of that use, and mends itself. Thread-safe.
/// </summary>
/// <param name="request">Requests the lines; an output's are driven to their first value by that.</param>
/// <param name="dropped">Called with each set of lines that is given up, before it is closed.</param>
internal sealed class ClaimedLines(IGpioPort port, GpioTarget target, Func<GpioResolution, IGpioLines> request, Action? dropped = null) : IDisposable
{
    private readonly Lock _lock = new();
    private IGpioLines? _lines;
    private bool _disposed;

    /// <summary>Holds the lines from now on if it can; whoever needs them meets the failure. May block as long as their chip does.</summary>
    public void TryClaim()
    {
        try
        {
            Claim();
        }
        catch (EdgeException)
        {
            // Told at the first use, when somebody is there to hear it; it may be free by then.
        }
    }

    /// <exception cref="EdgeException">As <see cref="GpioResolver.Resolve"/>, <see cref="IGpioPort.Request"/> and <see cref="IGpioLines.Read"/>.</exception>
    public ulong Read()
    {
        IGpioLines lines = Claim();
        try
        {
            return lines.Read();
        }
        catch (EdgeException e) when (e.FailureClass == FailureClass.DeviceAbsent)
        {
            Drop(lines);
            throw;
        }
    }

    /// <summary>Sets the lines of <paramref name="mask"/> in one step.</summary>
    /// <exception cref="EdgeException">As <see cref="Read"/>.</exception>
    public void Write(ulong values, ulong mask)
    {
        IGpioLines lines = Claim();
        try
        {
            lines.Write(values, mask);
        }
        catch (EdgeException e) when (e.FailureClass == FailureClass.DeviceAbsent)
        {
            Drop(lines);
            throw;
        }
    }

    /// <summary>Gives the lines up; the next use requests them anew.</summary>
    public void Drop()
    {
        if (Volatile.Read(ref _lines) is { } lines) Drop(lines);
    }

    public void Dispose()
    {
        lock (_lock) _disposed = true;
        Drop();
    }

    private IGpioLines Claim()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _lines ??= request(GpioResolver.Resolve(port, target));
        }
    }

    private void Drop(IGpioLines lines)
    {
        lock (_lock)
        {
            // Somebody else may have been first, and may have requested them again.
            if (!ReferenceEquals(_lines, lines)) return;
            _lines = null;
            dropped?.Invoke();
        }

        lines.Dispose();
    }
}
