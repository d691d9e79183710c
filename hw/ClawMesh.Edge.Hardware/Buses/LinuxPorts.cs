using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.Hardware.Buses.Spi;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>The hardware of this machine.</summary>
public sealed class LinuxPorts : IHardwarePorts
{
    public static readonly LinuxPorts ThisMachine = new();

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly ManualResetEventSlim Never = new(initialState: false, spinCount: 0);

    private LinuxPorts()
    {
    }

    public string Root => "/";

    public IGpioPort Gpio { get; } = new LinuxGpio();

    public II2cBus OpenI2c(string device) => LinuxI2cBus.Open(device);

    public ISpiDevice OpenSpi(string device, SpiSettings settings) => LinuxSpiDevice.Open(device, settings);

    public ISerialLine OpenSerial(string device, SerialSettings settings) => LinuxSerialLine.Open(device, settings);

    public void Wait(TimeSpan span) => Never.Wait(span < Shortest ? Shortest : span);
}
