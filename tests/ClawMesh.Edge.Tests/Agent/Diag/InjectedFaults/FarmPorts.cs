using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.Hardware.Buses.Spi;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults;

/// <summary>Fake buses that fail as the kernel's do, by errno, so that the product's own words are what <c>diag</c> shows. A bus is there as long as its device node is.</summary>
internal sealed class FarmPorts(string root, IGpioPort gpio) : IHardwarePorts
{
    public string Root => root;

    public IGpioPort Gpio => gpio;

    public Dictionary<string, FakeI2cBus> I2c { get; } = [];

    public Dictionary<string, ISpiDevice> Spi { get; } = [];

    public Dictionary<string, ISerialLine> Serial { get; } = [];

    /// <summary>Devices this user may not open.</summary>
    public HashSet<string> Closed { get; } = [];

    /// <summary>What every transfer on a device ends with; absent when it works.</summary>
    public Dictionary<string, int> Errors { get; } = [];

    public II2cBus OpenI2c(string device)
    {
        var faults = new I2cFaults(root, device);
        if (ErrorOf(device) is { } error) throw faults.OfOpen(error);
        return new FarmI2c(this, I2c[device], faults);
    }

    public ISpiDevice OpenSpi(string device, SpiSettings settings) => ErrorOf(device) is { } error ? throw new SpiFaults(root, device).OfOpen(error) : Spi[device];

    public ISerialLine OpenSerial(string device, SerialSettings settings) => ErrorOf(device) is null ? Serial[device] : throw new IOException("no such port");

    public void Wait(TimeSpan span)
    {
    }

    private int? ErrorOf(string device) => !File.Exists(root + device) ? Errno.Enoent : Closed.Contains(device) ? Errno.Eacces : null;

    private sealed class FarmI2c(FarmPorts ports, FakeI2cBus bus, I2cFaults faults) : II2cBus
    {
        public string Device => bus.Device;

        public byte ReadRegister(int address, byte register) => Do(address, "read", () => bus.ReadRegister(address, register));

        public void WriteRegister(int address, byte register, byte value) => Do(address, "write", () => { bus.WriteRegister(address, register, value); return 0; });

        public ushort ReadWord(int address, byte register) => Do(address, "read", () => bus.ReadWord(address, register));

        public void WriteWord(int address, byte register, ushort value) => Do(address, "write", () => { bus.WriteWord(address, register, value); return 0; });

        public void ReadBlock(int address, byte register, Span<byte> bytes) => Transfer(address, [register], bytes);

        public void WriteBlock(int address, byte register, ReadOnlySpan<byte> bytes) => Transfer(address, [register, .. bytes], []);

        public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
        {
            byte[] request = write.ToArray();
            byte[] answer = new byte[read.Length];
            Do(address, "read", () => { bus.Transfer(address, request, answer); return 0; });
            answer.CopyTo(read);
        }

        public void Reopen()
        {
        }

        public void Dispose()
        {
        }

        private T Do<T>(int address, string doing, Func<T> transfer)
        {
            if (ports.Errors.TryGetValue(bus.Device, out int error)) throw faults.Of(error, address, doing);
            if (Directory.Exists(Path.Combine(ports.Root, $"sys/bus/i2c/devices/{bus.Device["/dev/i2c-".Length..]}-{address:x4}/driver"))) throw faults.OfBusyAddress(address);
            try
            {
                return transfer();
            }
            catch (EdgeException nobody) when (nobody.Code == "i2c.no_answer")
            {
                throw faults.Of(Errno.Eremoteio, address, doing);
            }
        }
    }
}
