using System.Collections.Frozen;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// The faults in force: those of the file, overlaid by those injected in code. Reading one never blocks and never allocates.
/// Thread-safe.
/// </summary>
public sealed class SimulatedFaults
{
    // A monitor, not a Lock: hung writes wait on it for a change.
    private readonly object _change = new();
    private readonly Dictionary<string, SimulatedFault> _injected = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, SimulatedFault> _fromFile = FrozenDictionary<string, SimulatedFault>.Empty;
    private FrozenDictionary<string, SimulatedFault> _inForce = FrozenDictionary<string, SimulatedFault>.Empty;
    private bool _closed;

    /// <summary>The fault of a sensor or output ref; kind <see cref="SimulatedFaultKind.None"/> when it is healthy.</summary>
    public SimulatedFault Of(string reference) => Volatile.Read(ref _inForce).GetValueOrDefault(reference);

    /// <summary>All faults in force, by ref.</summary>
    public IReadOnlyDictionary<string, SimulatedFault> InForce => Volatile.Read(ref _inForce);

    /// <summary>Breaks a part, over whatever the file says of it. <see cref="SimulatedFaultKind.None"/> declares it healthy.</summary>
    public void Inject(string reference, SimulatedFault fault) => Change(() => _injected[reference] = fault);

    /// <summary>Takes an injected fault back; what the file says holds again.</summary>
    public void Clear(string reference) => Change(() => _injected.Remove(reference));

    internal void ReplaceFromFile(IReadOnlyDictionary<string, SimulatedFault> faults) => Change(() => _fromFile = faults);

    /// <summary>Blocks the calling thread while <paramref name="reference"/> hangs.</summary>
    internal void WaitWhileHung(string reference)
    {
        if (Of(reference).Kind != SimulatedFaultKind.Hang) return;
        lock (_change)
        {
            while (!_closed && Of(reference).Kind == SimulatedFaultKind.Hang) Monitor.Wait(_change);
        }
    }

    /// <summary>Lets every hung write go, for the end of the process.</summary>
    internal void Close() => Change(() => _closed = true);

    private void Change(Action change)
    {
        lock (_change)
        {
            change();
            var merged = new Dictionary<string, SimulatedFault>(_fromFile, StringComparer.Ordinal);
            foreach ((string reference, SimulatedFault fault) in _injected) merged[reference] = fault;
            Volatile.Write(ref _inForce, merged.Where(f => f.Value.Kind != SimulatedFaultKind.None).ToFrozenDictionary(StringComparer.Ordinal));
            Monitor.PulseAll(_change);
        }
    }
}
