using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.Hardware.Buses.Spi;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Hardware.Boards;

/// <summary>Sites by their wiring alone, and a machine whose chips a test makes up.</summary>
internal static class WiringBench
{
    public static readonly BoardDefinition OrinNano = new BoardCatalog("/nonexistent").Read("orin-nano").Board!;

    public static Site Site(params object[] parts) => new("bench", OrinNano.Name, Simulated: false, [.. parts.OfType<SensorBinding>()], [.. parts.OfType<ActuatorBinding>()], "");

    /// <summary>An output of the valve <paramref name="name"/>; the wiring as the site reader writes it, <c>key=value</c>.</summary>
    public static ActuatorBinding Output(string name, string driver, params string[] wiring) =>
        new(PermitDesk.OpenPolicy(new ActuatorId($"actuator:valve:{name}")), "z", driver, Wiring(wiring), Effect: null);

    public static SensorBinding Sensor(string name, string driver, params string[] wiring) =>
        new(new SensorInfo(new SensorId($"sensor:{name}"), "z", new Quantity("m", "u"), TimeSpan.FromSeconds(1), "bus", Simulated: false), driver, Wiring(wiring));

    /// <summary>A relay on a pin of the Orin Nano's header.</summary>
    public static ActuatorBinding OnPin(string name, int pin) => Output(name, "relay", GpioWiring(pin));

    public static string[] GpioWiring(int pin, string role = "line")
    {
        BoardGpio gpio = OrinNano.Pin(pin)!.Gpio!;
        return [$"{role}.chip={gpio.ChipLabel}", $"{role}.lines={gpio.LineName}", $"{role}.offsets={gpio.Offset}", $"{role}.pins={pin}", $"{role}.pads=0x{gpio.PadRegister:x8}"];
    }

    private static Dictionary<string, string> Wiring(string[] pairs) => pairs.Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
}

/// <summary>Chips and lines as told; nothing can be requested.</summary>
internal sealed class ListedPorts(string root, params (GpioChip Chip, GpioLine[] Lines)[] chips) : IHardwarePorts, IGpioPort
{
    public string Root => root;

    public IGpioPort Gpio => this;

    public Exception? Fault { get; set; }

    public static (GpioChip Chip, GpioLine[] Lines) Orin(params GpioLine[] lines) => (new GpioChip("/dev/gpiochip0", "gpiochip0", "tegra234-gpio", 164), lines);

    public static GpioLine Line(int offset, string name, string consumer = "", bool used = false) => new(offset, name, consumer, used, IsOutput: false, ActiveLow: false);

    public IReadOnlyList<GpioChip> Chips() => Fault is null ? [.. chips.Select(c => c.Chip)] : throw Fault;

    public IReadOnlyList<GpioLine> Lines(GpioChip chip) => chips.Single(c => c.Chip == chip).Lines;

    public IGpioLines Request(GpioRequest request) => throw new NotSupportedException();

    public IGpioWaiter OpenWaiter() => throw new NotSupportedException();

    public II2cBus OpenI2c(string device) => throw new NotSupportedException();

    public ISpiDevice OpenSpi(string device, SpiSettings settings) => throw new NotSupportedException();

    public ISerialLine OpenSerial(string device, SerialSettings settings) => throw new NotSupportedException();

    public void Wait(TimeSpan span) => throw new NotSupportedException();
}
