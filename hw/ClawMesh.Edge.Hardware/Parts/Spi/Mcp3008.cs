using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Spi;

namespace ClawMesh.Edge.Hardware.Parts.Spi;

/// <summary>10-bit ADC with eight inputs; it converts while it is read.</summary>
/// <remarks>
/// An answer has no checksum, and its null bit is low: a data line that is stuck low reads as 0 V and cannot be told from an input at
/// 0 V. Where the input never comes there, let the site's <c>valid.min</c> exclude it.
/// </remarks>
internal sealed class Mcp3008 : PartSensor
{
    private const string InputKey = "input";
    private const string ReferenceKey = "reference";

    // 5.0, serial communication: start bit, then single-ended and the channel in the upper half of the second byte.
    private const byte Start = 0x01;
    private const int SingleEnded = 0x8;

    // Figure 6-1: a null bit before the ten bits of the result.
    private const int NullBit = 0x04;
    private const int Steps = 1024;

    // 1.0, clock frequency: 1.35 MHz at 2.7 V.
    private static readonly SpiSettings Settings = new(Mode: 0, ClockHz: 1_000_000);

    public static readonly SensorPart Part = new(
        "mcp3008", "Microchip MCP3008, 10-bit ADC, 8 inputs", "Microchip DS21295D", PartBus.Spi, [new("voltage", "V", 0, 5.5)], (site, binding) => new Mcp3008(site, binding))
    {
        Keys =
        [
            new(InputKey, PartKeyKind.Whole, "the input, CH0 to CH7; a broken data line may read as 0 V, so let valid.min exclude it where the input never comes there") { Min = 0, Max = 7, Required = true },
            new(ReferenceKey, PartKeyKind.Number, "the voltage at VREF in volts") { Min = 0.25, Max = 5.5, Default = "3.3" },
        ],
    };

    private readonly ISpiDevice _device;
    private readonly byte _channel;
    private readonly double _reference;

    private Mcp3008(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        _device = site.Buses.Spi(binding.Wiring.Text(BusKeys.Device), Settings);
        _channel = (byte)((SingleEnded | binding.Wiring.Whole(InputKey)) << 4);
        _reference = binding.Wiring.Number(ReferenceKey);
    }

    public override void Recover() => _device.Reopen();

    protected override double Measure()
    {
        Span<byte> answer = stackalloc byte[3];
        _device.Transfer([Start, _channel, 0], answer);
        if ((answer[1] & NullBit) != 0)
        {
            throw new EdgeException(
                "part.no_answer",
                $"The MCP3008 on {_device.Device} does not answer.",
                $"It must pull its data line low before the result; the second byte was 0x{answer[1]:x2}.",
                "Check its supply, the chip select and MISO.",
                FailureClass.DeviceAbsent);
        }

        int steps = ((answer[1] & 0x03) << 8) | answer[2];
        if (steps < Steps - 1) return steps * _reference / Steps;
        throw new EdgeException(
            "part.at_rail",
            $"The MCP3008 on {_device.Device} gives no value to believe.",
            $"Input {(_channel >> 4) & 7} reads {steps}, the end of its range of {_reference} V.",
            "Look for an open wire or one that touches the supply; an input may not exceed VREF.",
            FailureClass.OutOfRange);
    }
}
