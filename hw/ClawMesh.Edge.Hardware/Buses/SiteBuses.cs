using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.Hardware.Buses.Spi;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>The buses of one site: each opened once, on first use, shared by its parts, closed with the site. Bounded by the site's entries.</summary>
public sealed class SiteBuses(IHardwarePorts ports, BoardDefinition? board, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, BusThread> _threads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IDisposable> _open = new(StringComparer.Ordinal);
    private GpioInputs? _inputs;

    /// <summary>The thread that reads this bus.</summary>
    public BusThread Thread(string bus)
    {
        lock (_lock)
        {
            if (!_threads.TryGetValue(bus, out BusThread? thread)) _threads[bus] = thread = new BusThread(bus, time);
            return thread;
        }
    }

    /// <param name="bus">A bus of the board, <c>i2c-7</c> or <c>/dev/i2c-7</c>.</param>
    public II2cBus I2c(string bus) => Shared($"i2c {bus}", () => new LazyI2cBus(() => ports.OpenI2c(BusNames.Device(ports.Root, board, bus, BusNames.I2c)), bus));

    /// <param name="device">A bus of the board, <c>spidev0.0</c> or <c>/dev/spidev0.0</c>.</param>
    public ISpiDevice Spi(string device, SpiSettings settings) =>
        Shared($"spi {device} {settings.Mode}", () => new LazySpiDevice(() => ports.OpenSpi(BusNames.Device(ports.Root, board, device, BusNames.Spi), settings), device));

    /// <param name="port">A bus of the board, <c>ttyTHS1</c> or <c>/dev/ttyTHS1</c>. All parts of one port have the same settings; the site reader sees to it.</param>
    public ISerialLine Serial(string port, SerialSettings settings) =>
        Shared($"serial {port}", () => new LazySerialLine(() => ports.OpenSerial(BusNames.Device(ports.Root, board, port, BusNames.Serial), settings), port));

    /// <summary>Waits for the edges of all inputs of the site on one thread.</summary>
    public GpioInputs Inputs
    {
        get
        {
            lock (_lock) return _inputs ??= new GpioInputs(ports.Gpio);
        }
    }

    /// <summary>Something several parts of one bus share, such as the state of an expander chip. Made once for each key.</summary>
    public T Shared<T>(string key, Func<T> make)
        where T : class, IDisposable
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(key, out IDisposable? shared)) _open[key] = shared = make();
            return (T)shared;
        }
    }

    public void Dispose()
    {
        _inputs?.Dispose();
        foreach (BusThread thread in _threads.Values) thread.Dispose();
        foreach (IDisposable open in _open.Values) open.Dispose();
    }
}
