using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Serial;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Buses.Serial;

public sealed class ModbusMasterTests
{
    private static readonly SerialSettings Settings = new(9600, SerialParity.None, 1);
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    private readonly ManualTime _time = new();
    private readonly FakeModbusStation _station = new(7) { Holding = { [0x10] = 0x1234, [0x11] = 0xFFFE, [512] = 42 }, Input = { [3] = 99 } };

    [Fact]
    public void Registers_of_both_tables_are_read()
    {
        var line = new FakeSerialLine(_time, _station);
        ModbusMaster master = Master(line);
        ushort[] values = new ushort[2];
        ushort[] one = new ushort[1];

        master.ReadRegisters(ModbusTable.Holding, 7, 0x10, values, Timeout);
        master.ReadRegisters(ModbusTable.Input, 7, 3, one, Timeout);

        Assert.Equal([0x1234, 0xFFFE], values);
        Assert.Equal([99], one);
        Assert.Equal([7, 3, 0, 0x10, 0, 2], line.Written[0][..6]);
    }

    [Fact]
    public void The_most_registers_of_one_request_are_125()
    {
        for (int register = 0; register < 125; register++) _station.Holding[register] = (ushort)(register * 3);
        ushort[] values = new ushort[125];

        Master(new FakeSerialLine(_time, _station)).ReadRegisters(ModbusTable.Holding, 7, 0, values, Timeout);

        Assert.Equal(124 * 3, values[124]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Master(new FakeSerialLine(_time, _station)).ReadRegisters(ModbusTable.Holding, 7, 0, new ushort[126], Timeout));
    }

    [Fact]
    public void A_silent_station_is_asked_twice_then_once_and_the_fault_says_what_to_check()
    {
        var line = new FakeSerialLine(_time, _station);
        ModbusMaster master = Master(line);
        _station.Silent = true;

        long start = _time.GetTimestamp();
        EdgeException fault = Fails(master);

        Assert.Equal("modbus.no_answer", fault.Code);
        Assert.Equal(FailureClass.DeviceAbsent, fault.FailureClass);
        Assert.Contains("Station 7 on /dev/ttyFAKE", fault.What);
        Assert.Contains("within 300 ms, 2 times", fault.Why);
        Assert.Contains("9600 8N1", fault.Why);
        Assert.Contains("A and B are not swapped", fault.Fix);
        Assert.Equal(2, line.Written.Count);
        Assert.InRange(_time.GetElapsedTime(start).TotalMilliseconds, 600, 620);

        Fails(master);
        Assert.Equal(3, line.Written.Count);

        _station.Silent = false;
        Read(master);
        _station.Silent = true;
        Fails(master);
        Assert.Equal(6, line.Written.Count);
    }

    [Fact]
    public void A_station_with_a_long_timeout_is_asked_once_so_that_the_read_ends_in_time()
    {
        var line = new FakeSerialLine(_time, _station);
        _station.Silent = true;

        Assert.Throws<EdgeException>(() => Master(line).ReadRegisters(ModbusTable.Holding, 7, 0x10, new ushort[1], TimeSpan.FromSeconds(1.9)));

        Assert.Single(line.Written);
    }

    [Fact]
    public void A_damaged_answer_is_asked_for_again_and_told_when_it_stays_damaged()
    {
        var line = new FakeSerialLine(_time, _station);
        ModbusMaster master = Master(line);

        _station.Damaged = 1;
        Assert.Equal(0x1234, Read(master));
        _station.Damaged = 2;
        EdgeException fault = Fails(master);

        Assert.Equal("modbus.bad_checksum", fault.Code);
        Assert.Equal(FailureClass.BusIo, fault.FailureClass);
    }

    [Fact]
    public void An_answer_that_breaks_off_is_damaged_and_does_not_wait_for_ever()
    {
        var line = new FakeSerialLine(_time, request => [(TimeSpan.FromMilliseconds(5), _station.Answer(request)[..4])]);
        long start = _time.GetTimestamp();

        Assert.Equal("modbus.bad_checksum", Fails(Master(line)).Code);
        Assert.InRange(_time.GetElapsedTime(start).TotalSeconds, 0.5, 1.3);
    }

    [Theory]
    [InlineData(1, "illegal function", FailureClass.Config)]
    [InlineData(2, "illegal data address", FailureClass.Config)]
    [InlineData(4, "server device failure", FailureClass.BusIo)]
    [InlineData(6, "server device busy", FailureClass.BusIo)]
    [InlineData(11, "gateway target device failed to respond", FailureClass.BusIo)]
    public void An_exception_is_told_by_its_name_and_not_asked_for_again(byte code, string name, FailureClass failureClass)
    {
        var line = new FakeSerialLine(_time, _station);
        _station.Exception = code;

        EdgeException fault = Fails(Master(line));

        Assert.Equal("modbus.exception", fault.Code);
        Assert.Contains(name, fault.Why);
        Assert.Equal(failureClass, fault.FailureClass);
        Assert.Single(line.Written);
    }

    [Fact]
    public void A_late_answer_of_another_station_is_passed_over()
    {
        byte[] foreign = FakeModbusStation.Frame(9, 3, 2, 0xAA, 0xBB);
        var line = new FakeSerialLine(_time, request => [(TimeSpan.FromMilliseconds(2), foreign), (TimeSpan.FromMilliseconds(60), _station.Answer(request))]);

        Assert.Equal(0x1234, Read(Master(line)));
        Assert.Single(line.Written);
    }

    [Fact]
    public void An_answer_to_another_question_is_no_measurement()
    {
        var line = new FakeSerialLine(_time, _ => [(TimeSpan.FromMilliseconds(5), FakeModbusStation.Frame(7, 3, 4, 1, 2, 3, 4))]);

        Assert.Equal("modbus.bad_answer", Fails(Master(line)).Code);
    }

    [Fact]
    public void What_came_before_the_request_is_thrown_away_and_the_line_is_silent_before_it()
    {
        var line = new FakeSerialLine(_time, _station);
        line.Arrive(FakeModbusStation.Frame(7, 3, 2, 0x66, 0x66));

        Assert.Equal(0x1234, Read(Master(line)));
    }

    [Fact]
    public void A_line_that_is_never_silent_is_not_written_to()
    {
        var line = new FakeSerialLine(_time, _station);
        for (int i = 0; i < 300; i++) line.Arrive([0x55, 0x55]);
        var noisy = new NoisyLine(line);

        Assert.Equal("modbus.line_noise", Fails(Master(noisy)).Code);
        Assert.Empty(line.Written);
    }

    // Register 512 has the byte count of one register as its high byte: the hardest case to tell from an answer.
    [Theory]
    [InlineData(0x10, 0x1234)]
    [InlineData(512, 42)]
    public void An_adapter_that_hears_itself_is_understood(int register, int value)
    {
        var line = new FakeSerialLine(_time, request =>
        [
            (TimeSpan.FromMilliseconds(1), request[..5]), (TimeSpan.FromMilliseconds(1), request[5..]), (TimeSpan.FromMilliseconds(9), _station.Answer(request)),
        ]);
        ushort[] values = new ushort[1];

        Master(line).ReadRegisters(ModbusTable.Holding, 7, register, values, Timeout);

        Assert.Equal(value, Assert.Single(values));
    }

    [Fact]
    public void An_answer_in_pieces_is_put_together()
    {
        var line = new FakeSerialLine(_time, request => _station.Answer(request).Select(b => (TimeSpan.FromMilliseconds(16), new[] { b })));

        Assert.Equal(0x1234, Read(Master(line)));
    }

    [Fact]
    public void A_port_that_failed_is_opened_again_before_the_next_request()
    {
        var line = new FakeSerialLine(_time, _station);
        ModbusMaster master = Master(line);
        line.Broken = true;

        Assert.Equal("serial.failed", Fails(master).Code);
        Assert.Equal(0, line.Reopened);
        Assert.Equal(0x1234, Read(master));
        Assert.Equal(1, line.Reopened);
        Read(master);
        Assert.Equal(1, line.Reopened);

        master.ReopenLine();
        Read(master);
        Assert.Equal(2, line.Reopened);
    }

    [Fact]
    public void A_read_allocates_nothing()
    {
        ModbusMaster master = Master(new EchoOfOneFrame(FakeModbusStation.Frame(7, 3, 2, 0x12, 0x34)));
        ushort[] values = new ushort[1];
        for (int i = 0; i < 50; i++) master.ReadRegisters(ModbusTable.Holding, 7, 0x10, values, Timeout);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) master.ReadRegisters(ModbusTable.Holding, 7, 0x10, values, Timeout);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ushort Read(ModbusMaster master)
    {
        ushort[] values = new ushort[1];
        master.ReadRegisters(ModbusTable.Holding, 7, 0x10, values, Timeout);
        return values[0];
    }

    private static EdgeException Fails(ModbusMaster master) => Assert.Throws<EdgeException>(() => Read(master));

    private ModbusMaster Master(ISerialLine line) => new(line, Settings, _time);

    /// <summary>Nothing can be discarded for good: it goes on.</summary>
    private sealed class NoisyLine(FakeSerialLine line) : ISerialLine
    {
        public string Device => line.Device;

        public void Write(ReadOnlySpan<byte> bytes) => line.Write(bytes);

        public int Read(Span<byte> bytes, TimeSpan timeout) => line.Read(bytes, timeout);

        public void DiscardInput()
        {
        }

        public void Reopen() => line.Reopen();

        public void Dispose()
        {
        }
    }

    /// <summary>Always the same answer, without a clock and without allocating.</summary>
    private sealed class EchoOfOneFrame(byte[] answer) : ISerialLine
    {
        private bool _asked;

        public string Device => "none";

        public void Write(ReadOnlySpan<byte> bytes) => _asked = true;

        public int Read(Span<byte> bytes, TimeSpan timeout)
        {
            if (!_asked) return 0;
            _asked = false;
            answer.CopyTo(bytes);
            return answer.Length;
        }

        public void DiscardInput()
        {
        }

        public void Reopen()
        {
        }

        public void Dispose()
        {
        }
    }
}
