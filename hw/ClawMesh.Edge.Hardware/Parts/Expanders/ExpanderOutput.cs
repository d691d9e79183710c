using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Parts.I2c;

namespace ClawMesh.Edge.Hardware.Parts.Expanders;

/// <summary>One pin of a GPIO expander, such as a relay of a relay board.</summary>
internal sealed class ExpanderOutput : OutputDriver
{
    public const string PinKey = "output";
    public const string ActiveLowKey = "activeLow";

    private readonly ExpanderChip _chip;
    private readonly int _pin;
    private readonly bool _activeLow;
    // A pin this node has never driven is not touched by a look at it.
    private volatile bool _wasDriven;

    public ExpanderOutput(PartSite site, ActuatorBinding binding, ExpanderModel model, EffectWatch? effect)
        : base(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.Text(BusKeys.Bus), effect)
    {
        _chip = I2cChip.Of(site, binding.Wiring, model.Driver, () => new ExpanderChip(site, binding.Wiring, model));
        _pin = binding.Wiring.Whole(PinKey);
        _activeLow = binding.Wiring.Flag(ActiveLowKey);
        _chip.Bind(_pin, IsHigh(SafeValue));
    }

    /// <summary>The catalogue entry of a model.</summary>
    public static OutputPart PartOf(ExpanderModel model, string title, string datasheet, string[] addresses) =>
        new(model.Driver, title, datasheet, PartBus.I2c, Levels: false, (site, binding, effect) => new ExpanderOutput(site, binding, model, effect))
        {
            Addresses = addresses,
            Keys =
            [
                new(PinKey, PartKeyKind.Whole, "the pin, counted from 0 over all ports") { Min = 0, Max = model.Pins - 1, Required = true },
                new(ActiveLowKey, PartKeyKind.Flag, "the output is active when the pin is low, as on most relay boards with optocouplers") { Default = "false" },
            ],
        };

    protected override void Write(OutputValue value)
    {
        _chip.Write(_pin, IsHigh(value), isSafe: value == SafeValue);
        _wasDriven = true;
    }

    /// <remarks>A chip that lost its supply is set up again here, at the safe value; the commanded state is gone and not brought back.</remarks>
    protected override OutputValue? ReadState() =>
        _chip.Read(_pin, _wasDriven ? IsHigh(SafeValue) : null) is { } high ? (high != _activeLow ? OutputValue.Active : OutputValue.Inactive) : null;

    private bool IsHigh(OutputValue value) => (value == OutputValue.Active) != _activeLow;
}
