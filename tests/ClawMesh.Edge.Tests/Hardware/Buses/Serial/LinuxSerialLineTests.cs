using System.Diagnostics;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.Serial;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Native;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Tests.Hardware.Buses.Serial;

/// <summary>Against the kernel's own ttys. Timeouts are real and short.</summary>
public sealed class LinuxSerialLineTests
{
    private static readonly SerialSettings Settings = new(19_200, SerialParity.None, 1);
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    [Fact]
    public void Bytes_pass_unchanged_in_both_directions()
    {
        using var far = new PtyStation(null);
        using ISerialLine line = LinuxSerialLine.Open(far.Device, Settings);
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        byte[] back = new byte[300];

        line.Write(all);
        byte[] seen = far.Receive(all.Length);
        far.Send(all);
        int got = 0;
        for (int i = 0; i < 20 && got < all.Length; i++) got += line.Read(back.AsSpan(got), Timeout);

        Assert.Equal(all, seen);
        Assert.Equal(all, back[..got]);
    }

    [Fact]
    public void A_read_without_bytes_ends_at_its_deadline_and_what_was_discarded_is_gone()
    {
        using var far = new PtyStation(null);
        using ISerialLine line = LinuxSerialLine.Open(far.Device, Settings);
        far.Send([1, 2, 3]);
        line.DiscardInput();

        long start = Stopwatch.GetTimestamp();
        int read = line.Read(new byte[8], TimeSpan.FromMilliseconds(40));

        Assert.Equal(0, read);
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(39));
        Assert.Equal(0, line.Read(new byte[8], TimeSpan.Zero));
    }

    [Fact]
    public void The_line_is_raw_with_the_settings_asked_for()
    {
        using var far = new PtyStation(null);
        using ISerialLine line = LinuxSerialLine.Open(far.Device, new SerialSettings(57_600, SerialParity.None, 2));
        using SafeFileHandle look = FileDescriptor.Open(far.Device, FileDescriptor.ReadWrite | DeviceIo.NoControllingTerminal);
        // Only root may look at a line that is claimed.
        Assert.SkipWhen(look.IsInvalid, "needs root");

        Assert.True(TerminalControl.TryGet(look, out TerminalSettings terminal));
        Assert.Equal(0x1001u, terminal.ControlModes & TerminalSettings.BaudMask);
        Assert.Equal(TerminalSettings.TwoStopBits | TerminalSettings.EightBits, terminal.ControlModes & (TerminalSettings.TwoStopBits | TerminalSettings.CharacterSizeMask | TerminalSettings.ParityOn));
        Assert.Equal((0u, 0u, 0u), (terminal.InputModes, terminal.OutputModes, terminal.LocalModes));
    }

    [Fact]
    public void Settings_the_port_does_not_take_are_told()
    {
        using var far = new PtyStation(null);

        // A pseudo-terminal has no parity.
        var parity = Assert.Throws<EdgeException>(() => LinuxSerialLine.Open(far.Device, new SerialSettings(9600, SerialParity.Even, 1)));
        var rate = Assert.Throws<EdgeException>(() => LinuxSerialLine.Open(far.Device, new SerialSettings(9601, SerialParity.None, 1)));

        Assert.Equal(("serial.settings", FailureClass.Config), (parity.Code, parity.FailureClass));
        Assert.Contains("9600 8E1", parity.Why);
        Assert.Contains("9601", rate.Why);
    }

    [Fact]
    public void A_port_has_one_user_also_for_root()
    {
        using var far = new PtyStation(null);
        using (LinuxSerialLine.Open(far.Device, Settings))
        {
            var busy = Assert.Throws<EdgeException>(() => LinuxSerialLine.Open(far.Device, Settings));
            Assert.Equal(("serial.busy", FailureClass.Config), (busy.Code, busy.FailureClass));
            Assert.Contains(far.Device, busy.Fix);
        }

        using ISerialLine again = LinuxSerialLine.Open(far.Device, Settings);
        again.Reopen();
        again.Write([1]);
    }

    [Fact]
    public void What_is_no_port_is_told_apart()
    {
        using var scratch = new ScratchDirectory();
        string file = scratch.Put("ttyX", "");

        Assert.Equal(("serial.no_port", FailureClass.DeviceAbsent), Refusal("/dev/ttyNONE", Settings));
        Assert.Equal(("serial.no_port", FailureClass.DeviceAbsent), Refusal(file, Settings));
        EdgeException denied = LinuxSerialLine.Refused("/dev/null", Errno.Eacces);
        Assert.Equal(("serial.no_permission", FailureClass.Auth), (denied.Code, denied.FailureClass));
        Assert.Contains("group dialout", denied.Fix);
        Assert.Equal(("serial.no_port", "The kernel has the name and no UART behind it."), (LinuxSerialLine.Refused("/dev/ttyS9", Errno.Eio).Code, LinuxSerialLine.Refused("/dev/ttyS9", Errno.Eio).Why));
        Assert.Equal("serial.failed", LinuxSerialLine.Refused("/dev/ttyS9", 12).Code);
    }

    [Fact]
    public void A_port_that_hangs_up_fails_at_once_and_can_be_tried_again()
    {
        var far = new PtyStation(null);
        using ISerialLine line = LinuxSerialLine.Open(far.Device, Settings);
        far.Dispose();

        var fault = Assert.Throws<EdgeException>(() => line.Read(new byte[8], TimeSpan.FromSeconds(10)));
        Assert.Equal(("serial.failed", FailureClass.BusIo), (fault.Code, fault.FailureClass));
        Assert.Equal("serial.no_port", Assert.Throws<EdgeException>(line.Reopen).Code);
        Assert.Equal("serial.no_port", Assert.Throws<EdgeException>(line.Reopen).Code);
    }

    [Fact]
    public void Modbus_speaks_through_a_real_tty()
    {
        var station = new FakeModbusStation(3) { Holding = { [100] = 4711, [101] = 12 } };
        using var far = new PtyStation(station);
        using ISerialLine line = LinuxSerialLine.Open(far.Device, Settings);
        var master = new ModbusMaster(line, Settings, TimeProvider.System);
        ushort[] values = new ushort[2];

        for (int i = 0; i < 5; i++) master.ReadRegisters(ModbusTable.Holding, 3, 100, values, Timeout);
        Assert.Equal([4711, 12], values);

        station.Damaged = 1;
        master.ReadRegisters(ModbusTable.Holding, 3, 100, values, Timeout);
        var exception = Assert.Throws<EdgeException>(() => master.ReadRegisters(ModbusTable.Input, 3, 100, values, Timeout));
        Assert.Contains("illegal data address", exception.Why);
        var silent = Assert.Throws<EdgeException>(() => master.ReadRegisters(ModbusTable.Holding, 4, 100, values, TimeSpan.FromMilliseconds(30)));
        Assert.Equal("modbus.no_answer", silent.Code);
        Assert.Contains(far.Device, silent.What);
    }

    private static (string Code, FailureClass Class) Refusal(string device, SerialSettings settings)
    {
        var fault = Assert.Throws<EdgeException>(() => LinuxSerialLine.Open(device, settings));
        return (fault.Code, fault.FailureClass);
    }
}
