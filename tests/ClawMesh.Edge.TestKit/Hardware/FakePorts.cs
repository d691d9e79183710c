using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.Hardware.Buses.Spi;

namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>A machine whose hardware a test puts together. What is not put in is not there.</summary>
public sealed class FakePorts : IHardwarePorts
{
    /// <summary>A tree of files where a test needs sysfs.</summary>
    public string Root { get; set; } = "/nonexistent";

    public IGpioPort Gpio { get; set; } = new FakeGpio(TimeProvider.System);

    /// <summary>By device, e.g. <c>/dev/i2c-7</c>.</summary>
    public Dictionary<string, II2cBus> I2c { get; } = new(StringComparer.Ordinal);

    /// <summary>By device, e.g. <c>/dev/spidev0.0</c>.</summary>
    public Dictionary<string, ISpiDevice> Spi { get; } = new(StringComparer.Ordinal);

    /// <summary>By device, e.g. <c>/dev/ttyTHS1</c>.</summary>
    public Dictionary<string, ISerialLine> Serial { get; } = new(StringComparer.Ordinal);

    public II2cBus OpenI2c(string device) => I2c.GetValueOrDefault(device) ?? throw NotThere("i2c.no_adapter", device);

    public ISpiDevice OpenSpi(string device, SpiSettings settings) => Spi.GetValueOrDefault(device) ?? throw NotThere("spi.no_device", device);

    public ISerialLine OpenSerial(string device, SerialSettings settings) => Serial.GetValueOrDefault(device) ?? throw NotThere("serial.no_port", device);

    private static EdgeException NotThere(string code, string device) =>
        new(code, $"Could not open '{device}'.", "The test has no such device.", "Put one into FakePorts.", FailureClass.DeviceAbsent);

    /// <summary>What waiting does; a test moves its clock here. Nothing unless set.</summary>
    public Action<TimeSpan> Waits { get; set; } = static _ => { };

    public void Wait(TimeSpan span) => Waits(span);
}
