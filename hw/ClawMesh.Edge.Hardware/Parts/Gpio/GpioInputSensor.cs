using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>A contact: 1 while it is active, 0 otherwise. Says when it changes where its chip reports edges; is read at its interval everywhere.</summary>
internal sealed class GpioInputSensor : PartSensor, IEdgeSensor, IDisposable
{
    public const string StateMeasure = "state";

    private readonly EdgeLines _line;
    private readonly Lock _edgeLock = new();
    private GpioEdge? _lastEdge;

    private GpioInputSensor(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        var asked = new GpioRequest(Chip: null!, [], GpioKeys.Consumer(binding.Info.Id))
        {
            ActiveLow = binding.Wiring.Flag(GpioKeys.ActiveLow.Name),
            Bias = GpioKeys.BiasOf(binding.Wiring, GpioKeys.Bias),
            Debounce = GpioKeys.DebounceOf(binding.Wiring),
            Edges = GpioEdges.Rising | GpioEdges.Falling,
        };
        _line = new EdgeLines(site, GpioTarget.Of(binding.Wiring)!, asked, edgesNeeded: false, OnEdge, onClaim: static () => { });
    }

    public Action? Changed { get; set; }

    /// <summary>The latest edge with the kernel's time of it; null before the first.</summary>
    public GpioEdge? LastEdge
    {
        get
        {
            lock (_edgeLock) return _lastEdge;
        }
    }

    /// <inheritdoc/>
    /// <remarks>The kernel counts nanoseconds of CLOCK_MONOTONIC, as the system's time provider does.</remarks>
    public long LastEdgeTimestamp => LastEdge is { } edge ? (long)(edge.TimestampNs / 1e9 * Time.TimestampFrequency) : 0;

    public static ISensor Open(PartSite site, SensorBinding binding) => new GpioInputSensor(site, binding);

    public void Dispose() => _line.Dispose();

    protected override double Measure() => _line.Read() ? 1 : 0;

    private void OnEdge(GpioEdge edge)
    {
        lock (_edgeLock) _lastEdge = edge;
        Changed?.Invoke();
    }
}
