using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.Spi;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Buses.Spi;

/// <summary>One chip select through <c>/dev/spidevB.C</c>. Nothing is allocated per transfer.</summary>
internal sealed class LinuxSpiDevice : ISpiDevice
{
    // spidev's own buffer (its parameter bufsiz).
    private const int MaxTransfer = 4096;

    private readonly Lock _lock = new();
    private readonly SpiFaults _faults;
    private readonly SpiSettings _settings;
    private SafeFileHandle _device;

    private LinuxSpiDevice(string device, SpiSettings settings)
    {
        (Device, _settings, _faults) = (device, settings, new SpiFaults("/", device));
        _device = OpenDevice();
    }

    public string Device { get; }

    /// <exception cref="EdgeException"><c>spi.no_device</c>, <c>spi.no_permission</c>, <c>spi.settings</c>, <c>spi.failed</c>.</exception>
    public static ISpiDevice Open(string device, SpiSettings settings) => new LinuxSpiDevice(device, settings);

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        if (write.Length != read.Length || write.Length is < 1 or > MaxTransfer) throw new ArgumentException("Both directions have one length, 1 to 4,096 bytes.", nameof(write));
        lock (_lock)
        {
            if (!SpiDevice.TryTransfer(_device, write, read)) throw _faults.OfTransfer(Marshal.GetLastPInvokeError());
        }
    }

    public void Reopen()
    {
        lock (_lock)
        {
            SafeFileHandle fresh = OpenDevice();
            _device.Dispose();
            _device = fresh;
        }
    }

    public void Dispose() => _device.Dispose();

    private SafeFileHandle OpenDevice()
    {
        SafeFileHandle device = FileDescriptor.Open(Device, FileDescriptor.ReadWrite);
        if (device.IsInvalid) throw _faults.OfOpen(Marshal.GetLastPInvokeError());
        if (SpiDevice.TrySetUp(device, _settings.Mode, _settings.ClockHz)) return device;
        int error = Marshal.GetLastPInvokeError();
        device.Dispose();
        throw _faults.OfSettings(error, _settings);
    }
}
