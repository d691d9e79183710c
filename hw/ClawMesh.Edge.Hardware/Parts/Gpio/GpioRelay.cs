using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>
/// A relay on one line, or one that takes up to eight lines which switch together: one request, one set ioctl. Requesting the lines
/// drives them to the safe value in the same step; that happens at the first use, and again whenever they had been lost.
/// </summary>
internal sealed class GpioRelay : OutputDriver, IDisposable
{
    // Neither state: what a group shows whose lines disagree. It contradicts whatever was written.
    private static readonly OutputValue Torn = new(0.5);

    private readonly ClaimedLines _lines;
    private readonly ulong _all;

    private GpioRelay(PartSite site, ActuatorBinding binding, EffectWatch? effect)
        : base(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, ""), effect)
    {
        GpioTarget target = GpioTarget.Of(binding.Wiring)!;
        _all = (1UL << target.Lines.Count) - 1;
        _lines = OutputLines(site, binding, target, Bits(SafeValue), GpioKeys.DriveOf(binding.Wiring));
    }

    public static OutputDriver Open(PartSite site, ActuatorBinding binding, EffectWatch? effect) => new GpioRelay(site, binding, effect);

    /// <summary>Lines that are outputs from the first moment, at <paramref name="first"/>.</summary>
    internal static ClaimedLines OutputLines(PartSite site, ActuatorBinding binding, GpioTarget target, ulong first, GpioDrive drive = GpioDrive.PushPull) => new(
        site.Ports.Gpio,
        target,
        found => site.Ports.Gpio.Request(new GpioRequest(found.Chip, found.Offsets, GpioKeys.Consumer(binding.Policy.Actuator))
        {
            OutputValues = first,
            ActiveLow = binding.Wiring.Flag(GpioKeys.ActiveLow.Name),
            Drive = drive,
        }));

    public void Dispose() => _lines.Dispose();

    protected override void Write(OutputValue value) => _lines.Write(Bits(value), _all);

    protected override OutputValue? ReadState()
    {
        ulong bits = _lines.Read();
        return bits == 0 ? OutputValue.Inactive : bits == _all ? OutputValue.Active : Torn;
    }

    // Whatever is not active by name is not energised.
    private ulong Bits(OutputValue value) => value == OutputValue.Active ? _all : 0;
}
