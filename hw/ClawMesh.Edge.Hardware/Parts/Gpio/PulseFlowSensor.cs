using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>
/// A flow meter that gives pulses: the mean flow over the last <c>window</c>, or the volume since the node started. Two sensors of one
/// meter share its line.
/// </summary>
/// <remarks>
/// After the flow begins the mean needs one window to come to its value, and after it ends one to come to 0. A few stray pulses, such as
/// a switching relay induces, thus show as a trickle and not as a flow that would confirm an effect.
/// </remarks>
internal sealed class PulseFlowSensor : PartSensor
{
    public const string FlowMeasure = "flow";
    public const string VolumeMeasure = "volume";

    private readonly PulseCounter _counter;
    private readonly double _pulsesPerLitre;
    private readonly bool _isVolume;

    private PulseFlowSensor(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        _pulsesPerLitre = binding.Wiring.Number(GpioKeys.PulsesPerLitre.Name);
        _isVolume = binding.Wiring.Optional(PartWiring.MeasuresKey) == VolumeMeasure;
        GpioTarget target = GpioTarget.Of(binding.Wiring)!;
        var asked = new GpioRequest(Chip: null!, [], GpioKeys.Consumer(binding.Info.Id))
        {
            Bias = GpioKeys.BiasOf(binding.Wiring, GpioKeys.Bias),
            Debounce = GpioKeys.DebounceOf(binding.Wiring),
            Edges = GpioEdges.Rising,
        };

        // The site reader has seen to it that sensors of one line have the same keys.
        _counter = site.Buses.Shared($"pulses {target.Chip} {target.Lines[0]}", () => new PulseCounter(site, target, asked, binding.Wiring.Duration(GpioKeys.Window.Name)));
    }

    public static ISensor Open(PartSite site, SensorBinding binding) => new PulseFlowSensor(site, binding);

    protected override double Measure()
    {
        (long total, double perSecond) = _counter.Read();
        return (_isVolume ? total : perSecond * 60) / _pulsesPerLitre;
    }
}
