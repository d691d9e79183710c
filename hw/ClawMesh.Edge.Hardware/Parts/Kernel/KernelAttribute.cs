using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>
/// One attribute of sysfs, kept open: the kernel makes its text anew at each read from the beginning
/// (Documentation/filesystems/sysfs.rst). For one thread.
/// </summary>
internal sealed class KernelAttribute(SensorId sensor)
{
    /// <summary>What <see cref="Read"/> answers when the device behind the file has gone.</summary>
    internal const int Gone = -1;

    private SafeFileHandle? _file;
    private string _path = "";

    public bool IsOpen => _file is not null;

    public string Path => _path;

    /// <exception cref="EdgeException"><c>kernel.no_permission</c> (auth), <c>kernel.read_failed</c> (bus_io).</exception>
    public void Open(string path)
    {
        Close();
        _path = path;
        try
        {
            _file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }
    }

    public void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>The bytes read, 0 when the file is empty, <see cref="Gone"/>.</summary>
    /// <exception cref="EdgeException"><c>kernel.busy</c>, <c>kernel.read_failed</c> (bus_io), <c>kernel.no_answer</c> (device_absent), <c>kernel.no_permission</c> (auth).</exception>
    public int Read(Span<byte> buffer)
    {
        if (_file is null) return Gone;
        try
        {
            return RandomAccess.Read(_file, buffer, 0);
        }
        catch (IOException gone) when (gone.HResult is Errno.Enodev or Errno.Enoent)
        {
            return Gone;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }
    }

    /// <summary>False when the device has gone or the file is empty.</summary>
    /// <exception cref="EdgeException">As <see cref="Read"/>.</exception>
    public bool TryReadNumber(out double number)
    {
        Span<byte> buffer = stackalloc byte[64];
        number = double.NaN;
        int read = Read(buffer);
        if (read <= 0) return false;
        if (KernelFile.TryTakeNumber(buffer[..read], out number, out _)) return true;
        throw Failed($"It holds '{System.Text.Encoding.ASCII.GetString(buffer[..read].Trim("\n\t "u8))}', which is not a number.", null);
    }

    internal EdgeException Failed(string why, Exception? inner) => new(
        "kernel.read_failed", $"Could not read '{sensor}' from '{_path}'.", why,
        "`dmesg | tail` says what its driver met; check the part's supply and wiring.", FailureClass.BusIo, inner);

    private EdgeException Failed(Exception failure) => failure switch
    {
        UnauthorizedAccessException => new EdgeException(
            "kernel.no_permission", $"Could not read '{sensor}' from '{_path}'.", failure.Message,
            "Install the udev rules of the package, or let the node's user read the file.", FailureClass.Auth, failure),
        IOException { HResult: Errno.Ewouldblock or Errno.Ebusy } => new EdgeException(
            "kernel.busy", $"Could not read '{sensor}' from '{_path}'.", "Its driver is busy, or what it measures is switched off: a rail that is gated has no temperature and no current.",
            "Nothing to do if that unit sleeps; it answers again once it works.", FailureClass.BusIo, failure),
        // Which of the two it is depends on the adapter's driver: most say the first, a Tegra's says the second.
        IOException { HResult: Errno.Enxio or Errno.Eremoteio } => new EdgeException(
            "kernel.no_answer", $"Could not read '{sensor}' from '{_path}'.", "Its driver is loaded and the part does not answer it.",
            "Check the part's supply, wiring and address.", FailureClass.DeviceAbsent, failure),
        _ => Failed(failure.Message, failure),
    };
}
