using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Parts.I2c;

namespace ClawMesh.Edge.Hardware.Parts.Expanders;

/// <summary>One channel of a PCA9685: a ratio from 0 to 1 in steps of 1/4096.</summary>
internal sealed class Pca9685Output : OutputDriver
{
    public const string Driver = "pca9685";
    public const string ChannelKey = "output";
    public const string FrequencyKey = "frequency";
    public const string InvertedKey = "inverted";

    // 7.1: six address pins; 0x70 is every PCA9685's address for all (7.1.1), and 0x78 on is reserved.
    private static readonly string[] Addresses = MakeAddresses();

    public static readonly OutputPart Part =
        new(Driver, "NXP PCA9685, 16 PWM outputs", "NXP PCA9685 rev. 4", PartBus.I2c, Levels: true, (site, binding, effect) => new Pca9685Output(site, binding, effect))
        {
            Addresses = Addresses,
            Keys =
            [
                new(ChannelKey, PartKeyKind.Whole, "the channel, LED0 to LED15") { Min = 0, Max = 15, Required = true },
                new(FrequencyKey, PartKeyKind.Number, "hertz, one for all outputs of the chip") { Min = 24, Max = 1526, Default = "200" },
                new(InvertedKey, PartKeyKind.Flag, "the output is active while the channel is low") { Default = "false" },
            ],
        };

    private readonly Pca9685Chip _chip;
    private readonly int _channel;
    private readonly bool _inverted;
    // A channel this node has never driven is not touched by a look at it.
    private volatile bool _wasDriven;

    private Pca9685Output(PartSite site, ActuatorBinding binding, EffectWatch? effect)
        : base(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.Text(BusKeys.Bus), effect)
    {
        _chip = I2cChip.Of(site, binding.Wiring, Driver, () => new Pca9685Chip(site, binding.Wiring));
        _channel = binding.Wiring.Whole(ChannelKey);
        _inverted = binding.Wiring.Flag(InvertedKey);
        _chip.Bind(_channel, Counts(SafeValue));
    }

    protected override void Write(OutputValue value)
    {
        _chip.Write(_channel, Counts(value), isSafe: value == SafeValue);
        _wasDriven = true;
    }

    /// <remarks>A chip that lost its supply is set up again here, at the safe value; the commanded state is gone and not brought back.</remarks>
    protected override OutputValue? ReadState()
    {
        if (_chip.Read(_channel, _wasDriven ? Counts(SafeValue) : null) is not { } counts) return null;
        double ratio = (double)counts / Pca9685Chip.Steps;
        return new OutputValue(_inverted ? 1 - ratio : ratio);
    }

    /// <inheritdoc/>
    protected override bool Agrees(OutputValue written, OutputValue seen) => Math.Abs(written.Ratio - seen.Ratio) <= 1.0 / Pca9685Chip.Steps;

    private int Counts(OutputValue value) => (int)Math.Round((_inverted ? 1 - value.Ratio : value.Ratio) * Pca9685Chip.Steps);

    private static string[] MakeAddresses()
    {
        var addresses = new List<string>();
        for (int address = 0x40; address <= 0x77; address++)
        {
            if (address != 0x70) addresses.Add($"0x{address:x2}");
        }

        return [.. addresses];
    }
}
