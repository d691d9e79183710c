using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>
/// GPIO chips in memory that behave as the kernel's do: one holder a line, values by request, edges with numbers and times, unplugging.
/// Thread-safe.
/// </summary>
/// <param name="time">Stamps edges.</param>
public sealed class FakeGpio(TimeProvider time) : IGpioPort
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<FakeGpioChip> _chips = [];
    private readonly List<FakeGpioWaiter> _waiters = [];
    private int _lastNumber = -1;

    /// <summary>Every request of outputs and every set, in order.</summary>
    public List<FakeGpioWrite> Writes { get; } = [];

    internal object Sync { get; } = new();

    /// <param name="lineNames">One for each line; empty for a line without a name.</param>
    public FakeGpioChip AddChip(string label, params string[] lineNames)
    {
        lock (Sync)
        {
            var chip = new FakeGpioChip(this, label, lineNames, ++_lastNumber);
            _chips.Add(chip);
            return chip;
        }
    }

    public IReadOnlyList<GpioChip> Chips()
    {
        lock (Sync) return [.. _chips.Where(c => c.IsPlugged).Select(c => c.Denied ? new GpioChip(c.Path, c.Name, "", 0) : c.Chip)];
    }

    public IReadOnlyList<GpioLine> Lines(GpioChip chip)
    {
        lock (Sync)
        {
            return [.. Open(chip).Lines.Select(l => new GpioLine(l.Offset, l.Name, l.Holder ?? "", l.Holder is not null, l.IsOutput, l.Held?.Request.ActiveLow ?? false))];
        }
    }

    public IGpioLines Request(GpioRequest request)
    {
        lock (Sync)
        {
            FakeGpioChip chip = Open(request.Chip);
            FakeGpioLine[] lines = [.. request.Offsets.Select(offset => chip.Lines[offset])];
            if (lines.FirstOrDefault(l => l.Holder is not null) is { } busy)
                throw Fault("gpio.line_busy", $"'{busy.Holder}' holds line {busy.Offset}.", FailureClass.Config);
            if (!chip.ReportsEdges && (request.Edges != GpioEdges.None || request.Debounce > TimeSpan.Zero))
                throw Fault("gpio.no_edges", $"'{chip.Label}' has no interrupt.", FailureClass.Config);
            return new FakeGpioLines(this, chip, lines, request);
        }
    }

    public IGpioWaiter OpenWaiter()
    {
        lock (Sync)
        {
            var waiter = new FakeGpioWaiter(this);
            _waiters.Add(waiter);
            return waiter;
        }
    }

    /// <summary>Waits until whoever waits for edges has taken all of them and is waiting again.</summary>
    public void Settle()
    {
        lock (Sync)
        {
            while (_waiters.Any(w => !w.IsIdle))
            {
                if (!Monitor.Wait(Sync, Patience)) throw new TimeoutException("Nobody took the edges.");
            }
        }
    }

    internal int NextNumber() => ++_lastNumber;

    internal void Forget(FakeGpioWaiter waiter) => _waiters.Remove(waiter);

    internal ulong NowNs() => (ulong)((UInt128)(ulong)time.GetTimestamp() * 1_000_000_000 / (ulong)time.TimestampFrequency);

    internal static EdgeException Fault(string code, string why, FailureClass failureClass) => new(code, "The GPIO refused.", why, "Correct the test.", failureClass);

    private FakeGpioChip Open(GpioChip wanted)
    {
        FakeGpioChip chip = _chips.Find(c => c.IsPlugged && c.Path == wanted.Path) ?? throw Fault("gpio.no_chip", $"There is no '{wanted.Path}'.", FailureClass.DeviceAbsent);
        return chip.Denied ? throw Fault("gpio.no_permission", $"'{wanted.Path}' may not be opened.", FailureClass.Auth) : chip;
    }
}

/// <param name="Levels">What stood on the lines of the request afterwards, electrically: bit i for line i.</param>
/// <param name="AtRequest">The lines got it in the moment of their request.</param>
public sealed record FakeGpioWrite(string Consumer, ulong Levels, bool AtRequest);
