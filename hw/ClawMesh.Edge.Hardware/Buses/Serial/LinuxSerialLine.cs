using System.Diagnostics;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.Serial;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Buses.Serial;

/// <summary>A tty of this machine, raw, and this process's alone (termios(3), ioctl_tty(2)). The kernel counts the time, so no clock is handed in.</summary>
internal sealed class LinuxSerialLine : ISerialLine
{
    private const uint Compared = TerminalSettings.BaudMask | TerminalSettings.CharacterSizeMask | TerminalSettings.TwoStopBits | TerminalSettings.ParityOn | TerminalSettings.ParityOdd;

    // Beyond what the bytes take on the wire; a driver that takes nothing for so long is stuck.
    private static readonly TimeSpan WriteSlack = TimeSpan.FromSeconds(1);

    private readonly SerialSettings _settings;
    private SafeFileHandle _file;

    private LinuxSerialLine(string device, SerialSettings settings)
    {
        (Device, _settings) = (device, settings);
        _file = OpenTerminal(device, settings);
    }

    public string Device { get; }

    /// <exception cref="EdgeException"><c>serial.no_port</c>, <c>serial.no_permission</c>, <c>serial.busy</c>, <c>serial.settings</c>, <c>serial.failed</c>.</exception>
    public static ISerialLine Open(string device, SerialSettings settings) => new LinuxSerialLine(device, settings);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        TimeSpan limit = WriteSlack + TimeSpan.FromSeconds(bytes.Length * 12.0 / _settings.BaudRate);
        long start = Stopwatch.GetTimestamp();
        while (!bytes.IsEmpty)
        {
            int written = DeviceIo.Write(_file, bytes);
            if (written > 0)
            {
                bytes = bytes[written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (written < 0 && error is not (Errno.Eintr or Errno.Ewouldblock)) throw Failed(error);
            TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) throw Failed("The port has taken no byte for a second.");
            WaitFor(DeviceIo.Writable, left);
        }

        if (!TerminalControl.TryDrain(_file)) throw Failed(Marshal.GetLastPInvokeError());
    }

    public int Read(Span<byte> bytes, TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan left = timeout;
        while (true)
        {
            int ready = WaitFor(DeviceIo.Readable, left);
            if (ready > 0)
            {
                int read = DeviceIo.Read(_file, bytes);
                if (read > 0) return read;
                int error = Marshal.GetLastPInvokeError();
                if (read == 0 || (error == Errno.Ewouldblock && (ready & DeviceIo.Broken) != 0)) throw Failed("The port hung up; a USB adapter was unplugged.");
                if (error is not (Errno.Eintr or Errno.Ewouldblock)) throw Failed(error);
            }

            left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return 0;
        }
    }

    public void DiscardInput()
    {
        if (!TerminalControl.TryDiscardInput(_file)) throw Failed(Marshal.GetLastPInvokeError());
    }

    public void Reopen()
    {
        // Closed first: the line is exclusive, also against ourselves.
        _file.Dispose();
        _file = OpenTerminal(Device, _settings);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>For example <c>9600 8N1</c>.</summary>
    internal static string Text(SerialSettings settings) =>
        $"{settings.BaudRate} 8{settings.Parity switch { SerialParity.Even => 'E', SerialParity.Odd => 'O', _ => 'N' }}{settings.StopBits}";

    // 0 when the time ran out or a signal came.
    private int WaitFor(short wanted, TimeSpan limit)
    {
        int ready = DeviceIo.Wait(_file, wanted, (int)Math.Ceiling(Math.Clamp(limit.TotalMilliseconds, 0, int.MaxValue)));
        if (ready >= 0) return ready;
        int error = Marshal.GetLastPInvokeError();
        return error == Errno.Eintr ? 0 : throw Failed(error);
    }

    private static SafeFileHandle OpenTerminal(string device, SerialSettings settings)
    {
        uint baud = TerminalSettings.BaudCode(settings.BaudRate) ?? throw new EdgeException(
            "serial.settings", $"Could not open '{device}'.", $"The rate is {settings.BaudRate}; a serial line knows 1200, 2400, 4800, 9600, 19200 and on to 921600 bits a second.",
            "Correct baud in the site file.", FailureClass.Config);
        SafeFileHandle file = FileDescriptor.Open(device, FileDescriptor.ReadWrite | DeviceIo.NoControllingTerminal | DeviceIo.NonBlocking);
        if (file.IsInvalid) throw Refused(device, Marshal.GetLastPInvokeError());
        try
        {
            // Two locks: the first holds off other programs that ask for one, root included; the second everybody else.
            if (!FileLock.TryExclusive(file) && Marshal.GetLastPInvokeError() == Errno.Ewouldblock) throw Refused(device, Errno.Ebusy);
            Configure(file, device, settings, baud);
            if (!TerminalControl.TryClaim(file)) throw Refused(device, Marshal.GetLastPInvokeError());
            TerminalControl.TryDiscardInput(file);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void Configure(SafeFileHandle file, string device, SerialSettings settings, uint baud)
    {
        if (!TerminalControl.TryGet(file, out TerminalSettings terminal)) throw Refused(device, Marshal.GetLastPInvokeError());
        uint wanted = baud | TerminalSettings.EightBits
            | (settings.StopBits == 2 ? TerminalSettings.TwoStopBits : 0)
            | settings.Parity switch { SerialParity.Even => TerminalSettings.ParityOn, SerialParity.Odd => TerminalSettings.ParityOn | TerminalSettings.ParityOdd, _ => 0 };
        terminal.InputModes = settings.Parity == SerialParity.None ? 0 : TerminalSettings.CheckParity;
        terminal.OutputModes = 0;
        terminal.LocalModes = 0;
        terminal.ControlModes = wanted | TerminalSettings.ReceiverOn | TerminalSettings.IgnoreModem;
        terminal.Characters = default;
        // At least one byte: an empty read then means that the port hung up.
        terminal.Characters[TerminalSettings.MinimumIndex] = 1;
        if (!TerminalControl.TrySet(file, ref terminal) || !TerminalControl.TryGet(file, out terminal)) throw Refused(device, Marshal.GetLastPInvokeError());
        if ((terminal.ControlModes & Compared) == wanted) return;
        throw new EdgeException(
            "serial.settings", $"Could not open '{device}'.", $"Its driver did not take {Text(settings)}.",
            "Give the part and the site file a rate and parity the port can do, or use another adapter.", FailureClass.Config);
    }

    internal static EdgeException Refused(string device, int error) => error switch
    {
        Errno.Enoent or Errno.Enodev or Errno.Enxio => LinuxFault.FromError(
            error, code: "serial.no_port", $"There is no serial port '{device}'.",
            "`clawmesh-edge scan` lists the ports. Plug the adapter in; a header's UART may need its overlay: `clawmesh-edge board show`.", FailureClass.DeviceAbsent),
        Errno.Eio or Errno.Enotty => new(
            "serial.no_port", $"There is no serial port '{device}'.", error == Errno.Eio ? "The kernel has the name and no UART behind it." : "The file is no terminal.",
            "`clawmesh-edge scan` lists the ports.", FailureClass.DeviceAbsent),
        Errno.Eacces or Errno.Eperm => LinuxFault.FromError(
            error, code: "serial.no_permission", $"Could not open '{device}'.",
            $"Add the node's user to the group {Group(device)}: `sudo usermod -aG {Group(device)} USER`, then log in again; under systemd the unit's DeviceAllow must name it.", FailureClass.Auth),
        Errno.Ebusy => LinuxFault.FromError(
            error, code: "serial.busy", $"'{device}' is in use.",
            $"Find its user with `sudo fuser -v {device}` and stop it. On a Jetson `sudo systemctl disable --now nvgetty` takes the login prompt off the header's UART.", FailureClass.Config),
        _ => Failed(device, $"The kernel says: {LinuxFault.Text(error)}."),
    };

    // dialout on Ubuntu and Debian; tty where a console owns the port.
    private static string Group(string device) =>
        PathAccess.OwnerOf(device) is { GroupId: > 0 } owner && new UnixUsers().GroupNameOf(owner.GroupId) is { } name ? name : "dialout";

    private EdgeException Failed(int error) => Failed(Device, $"The kernel says: {LinuxFault.Text(error)}.");

    private EdgeException Failed(string why) => Failed(Device, why);

    private static EdgeException Failed(string device, string why) => new(
        "serial.failed", $"The serial port '{device}' failed.", why,
        "Check the adapter and its plug; `dmesg | tail` says what the kernel saw. The port is opened again at the next read.", FailureClass.BusIo);
}
