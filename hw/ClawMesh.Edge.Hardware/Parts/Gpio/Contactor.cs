using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>
/// A contactor whose auxiliary contact says where the main contacts are. The read-back is that contact alone, never the coil: a
/// contactor with welded contacts reads active with its coil off, and a safe write is then not confirmed.
/// </summary>
internal sealed class Contactor : OutputDriver, IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly ClaimedLines _coil;
    private readonly ClaimedLines _contact;
    private readonly TimeSpan _within;
    private readonly IHardwarePorts _ports;
    private readonly TimeProvider _time;

    private Contactor(PartSite site, ActuatorBinding binding, EffectWatch? effect)
        : base(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, ""), effect)
    {
        (_ports, _time) = (site.Ports, site.Time);
        _within = binding.Wiring.Duration(GpioKeys.FeedbackWithin.Name);
        _coil = GpioRelay.OutputLines(site, binding, GpioTarget.Of(binding.Wiring)!, Bits(SafeValue));
        _contact = new ClaimedLines(
            site.Ports.Gpio,
            GpioTarget.Of(binding.Wiring, GpioKeys.FeedbackRole)!,
            found => site.Ports.Gpio.Request(new GpioRequest(found.Chip, found.Offsets, GpioKeys.Consumer(binding.Policy.Actuator))
            {
                ActiveLow = binding.Wiring.Flag(GpioKeys.FeedbackActiveLow.Name),
                Bias = GpioKeys.BiasOf(binding.Wiring, GpioKeys.FeedbackBias),
            }));
    }

    public static OutputDriver Open(PartSite site, ActuatorBinding binding, EffectWatch? effect) => new Contactor(site, binding, effect);

    public void Dispose()
    {
        _coil.Dispose();
        _contact.Dispose();
    }

    /// <inheritdoc/>
    public override TimeSpan SafeWriteTakes => _within;

    /// <summary>Also waits until the contact agrees, its time is over or a safe write comes; the read-back then tells which.</summary>
    protected override void Write(OutputValue value)
    {
        _coil.Write(Bits(value), 1);
        long start = _time.GetTimestamp();
        while (!SafeIsWaiting && Contact() is { } seen && seen != value && _time.GetElapsedTime(start) < _within) _ports.Wait(Look);
    }

    protected override OutputValue? ReadState()
    {
        // The coil is taken back here too, at its safe value, when its chip has returned.
        _coil.TryClaim();
        return _contact.Read() == 0 ? OutputValue.Inactive : OutputValue.Active;
    }

    // Null when it cannot be read: nothing to wait for then, and the read-back stays unknown.
    private OutputValue? Contact()
    {
        try
        {
            return _contact.Read() == 0 ? OutputValue.Inactive : OutputValue.Active;
        }
        catch (EdgeException)
        {
            return null;
        }
    }

    private static ulong Bits(OutputValue value) => value == OutputValue.Active ? 1UL : 0;
}
