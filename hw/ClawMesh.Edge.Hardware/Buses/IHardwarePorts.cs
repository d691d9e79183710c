using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.Hardware.Buses.Spi;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>The kernel's doors to hardware. One implementation is Linux; tests own another.</summary>
public interface IHardwarePorts
{
    /// <summary>Where the file system begins, for sysfs and device nodes: <c>/</c> on a machine, a tree of files in tests.</summary>
    string Root { get; }

    IGpioPort Gpio { get; }

    /// <param name="device">For example <c>/dev/i2c-7</c>.</param>
    /// <exception cref="Core.Errors.EdgeException"><c>i2c.no_adapter</c> (device_absent), <c>i2c.no_permission</c> (auth).</exception>
    II2cBus OpenI2c(string device);

    /// <param name="device">For example <c>/dev/spidev0.0</c>.</param>
    /// <exception cref="Core.Errors.EdgeException"><c>spi.no_device</c> (device_absent), <c>spi.no_permission</c> (auth), <c>spi.settings</c> (config).</exception>
    ISpiDevice OpenSpi(string device, SpiSettings settings);

    /// <param name="device">For example <c>/dev/ttyTHS1</c>.</param>
    /// <exception cref="Core.Errors.EdgeException"><c>serial.no_port</c> (device_absent), <c>serial.no_permission</c> (auth), <c>serial.settings</c> (config).</exception>
    ISerialLine OpenSerial(string device, SerialSettings settings);

    /// <summary>
    /// Blocks the calling thread for at least <paramref name="span"/>: a coil's pulse, a conversion. Not by a timer, because those fire on
    /// the thread pool, and a coil must not stay powered because the pool is busy. Allocates nothing.
    /// </summary>
    void Wait(TimeSpan span);
}
