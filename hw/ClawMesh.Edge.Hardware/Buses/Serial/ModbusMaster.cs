using System.Buffers.Binary;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Buses.Serial;

/// <summary>
/// The master of one line: Modbus RTU, reading registers (Modbus over Serial Line V1.02). One request at a time; the lock covers it
/// and its answer. Allocates nothing as long as stations answer. Any thread may call.
/// </summary>
public sealed class ModbusMaster : IDisposable
{
    public const int MaxRegisters = 125;

    public const int MaxStation = 247;

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMilliseconds(300);

    // A read has two seconds before the sampling loop gives up on it; a station that is given longer is asked once.
    private static readonly TimeSpan LongestTwice = TimeSpan.FromMilliseconds(900);

    // A USB adapter hands bytes on every 16 ms, so the silence of the wire cannot be told apart from its pauses.
    private static readonly TimeSpan ShortestGap = TimeSpan.FromMilliseconds(20);

    private const int MaxNoise = 512;

    private readonly Lock _lock = new();
    private readonly ISerialLine _line;
    private readonly SerialSettings _settings;
    private readonly TimeProvider _time;
    private readonly TimeSpan _silence;
    private readonly byte[] _request = new byte[ModbusFrame.RequestLength];
    private readonly byte[] _frame = new byte[ModbusFrame.LongestLength + ModbusFrame.RequestLength];
    private readonly bool[] _wasSilent = new bool[MaxStation + 1];
    private int _got;
    private volatile bool _reopen;

    public ModbusMaster(ISerialLine line, SerialSettings settings, TimeProvider time)
    {
        (_line, _settings, _time) = (line, settings, time);
        _silence = ModbusFrame.Silence(settings.BaudRate);
    }

    private enum Answer
    {
        Good,
        None,
        Damaged,
        Exception,
        Unfitting,
        Noise,
    }

    /// <summary>The one master of a port.</summary>
    public static ModbusMaster Of(SiteBuses buses, string port, SerialSettings settings, TimeProvider time) =>
        buses.Shared($"modbus {port}", () => new ModbusMaster(buses.Serial(port, settings), settings, time));

    /// <summary>Reads consecutive registers. Asks once more when nothing intact came; a station that was silent the last time is asked once, so that it costs the others less.</summary>
    /// <param name="station">1 to 247.</param>
    /// <param name="register">As the protocol counts, from 0.</param>
    /// <param name="values">1 to 125.</param>
    /// <param name="timeout">For each answer to begin.</param>
    /// <exception cref="EdgeException">
    /// <c>modbus.no_answer</c> (device_absent), <c>modbus.bad_checksum</c>, <c>modbus.bad_answer</c>, <c>modbus.line_noise</c> (bus_io),
    /// <c>modbus.exception</c> (config when the request cannot be right, else bus_io), and what the port throws.
    /// </exception>
    public void ReadRegisters(ModbusTable table, int station, int register, Span<ushort> values, TimeSpan timeout)
    {
        if (values.Length is < 1 or > MaxRegisters) throw new ArgumentOutOfRangeException(nameof(values), values.Length, "A request reads 1 to 125 registers.");
        if (station is < 1 or > MaxStation) throw new ArgumentOutOfRangeException(nameof(station), station, "A station has a number from 1 to 247.");
        lock (_lock)
        {
            ModbusFrame.WriteReadRequest(_request, table, station, register, values.Length);
            int tries = _wasSilent[station] || timeout > LongestTwice ? 1 : 2;
            int tried = 0;
            Answer answer;
            do
            {
                answer = ExchangeOrReopen(timeout);
                tried++;
            }
            while (tried < tries && answer is (Answer.None or Answer.Damaged));

            _wasSilent[station] = answer == Answer.None;
            if (answer != Answer.Good) throw Fault(answer, table, station, register, values.Length, timeout, tried);
            for (int i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadUInt16BigEndian(_frame.AsSpan(3 + (2 * i)));
        }
    }

    /// <summary>The port is opened again before the next request. Waits for nothing.</summary>
    public void ReopenLine() => _reopen = true;

    /// <summary>The line is not its own; nothing to give back.</summary>
    public void Dispose()
    {
    }

    private Answer ExchangeOrReopen(TimeSpan timeout)
    {
        bool lineFailed = true;
        try
        {
            if (_reopen) _line.Reopen();
            _reopen = false;
            Answer answer = Exchange(timeout);
            lineFailed = false;
            return answer;
        }
        finally
        {
            // A tty whose adapter was unplugged never works again, even when it is plugged in.
            if (lineFailed) _reopen = true;
        }
    }

    private Answer Exchange(TimeSpan timeout)
    {
        if (!AwaitSilence()) return Answer.Noise;
        _line.Write(_request);
        TimeSpan limit = timeout + TimeSpan.FromSeconds(ModbusFrame.LongestLength * 11.0 / _settings.BaudRate);
        long start = _time.GetTimestamp();
        _got = 0;
        while (true)
        {
            // Before the first byte the timeout counts; an answer that has begun gets the time it needs on the wire.
            TimeSpan left = (_got == 0 ? timeout : limit) - _time.GetElapsedTime(start);
            int length = ExpectedLength();
            if (length > 0 && _got >= length) return Judge(_frame.AsSpan(0, length));
            if (length < 0 && left > Gap) left = Gap;
            int read = left > TimeSpan.Zero && _got < _frame.Length ? _line.Read(_frame.AsSpan(_got), left) : 0;
            if (read == 0)
            {
                if (_got == 0) return Answer.None;
                if (length >= 0 || !ModbusFrame.HasGoodChecksum(_frame.AsSpan(0, _got))) return Answer.Damaged;
                if (_frame[0] == _request[0]) return Answer.Unfitting;
                // A late answer of another station; ours may still come.
                _got = 0;
                continue;
            }

            _got += read;
            TakeOffEcho();
        }
    }

    private TimeSpan Gap => _silence > ShortestGap ? _silence : ShortestGap;

    // How long the frame that has begun will be; 0 when that cannot be told yet, −1 when only the pause after it can tell.
    private int ExpectedLength()
    {
        // Nothing yet, or what may be our own request on its way back.
        if (_got == 0 || (_got < _request.Length && _request.AsSpan().StartsWith(_frame.AsSpan(0, _got)))) return 0;
        if (_frame[0] != _request[0]) return -1;
        if (_frame[1] == (_request[1] | ModbusFrame.ExceptionBit)) return ModbusFrame.ExceptionLength;
        int bytes = 2 * _request[5];
        return _frame[1] == _request[1] && _frame[2] == bytes ? ModbusFrame.ExceptionLength + bytes : -1;
    }

    // Two-wire adapters whose receiver stays on hear what they send.
    private void TakeOffEcho()
    {
        if (_got < _request.Length || !_frame.AsSpan().StartsWith(_request)) return;
        _got -= _request.Length;
        _frame.AsSpan(_request.Length, _got).CopyTo(_frame);
    }

    private static Answer Judge(ReadOnlySpan<byte> frame) =>
        !ModbusFrame.HasGoodChecksum(frame) ? Answer.Damaged : (frame[1] & ModbusFrame.ExceptionBit) != 0 ? Answer.Exception : Answer.Good;

    // What came late is thrown away, and the line is as quiet as a new frame needs it.
    private bool AwaitSilence()
    {
        _line.DiscardInput();
        for (int noise = 0; noise < MaxNoise;)
        {
            int read = _line.Read(_frame, _silence);
            if (read == 0) return true;
            noise += read;
        }

        return false;
    }

    private EdgeException Fault(Answer answer, ModbusTable table, int station, int register, int count, TimeSpan timeout, int tries)
    {
        string what = $"Station {station} on {_line.Device} could not be read.";
        string settings = LinuxSerialLine.Text(_settings);
        string asked = $"{(table == ModbusTable.Holding ? "holding" : "input")} register {register}{(count > 1 ? $" to {register + count - 1}" : "")}";
        return answer switch
        {
            Answer.None => new EdgeException(
                "modbus.no_answer", what, $"It did not answer for {asked} within {timeout.TotalMilliseconds:0} ms{(tries > 1 ? $", {tries} times" : "")}; the line has {settings}.",
                $"Check its supply, that A and B are not swapped, that its station number is {station} and that it is set to {settings}. A station that needs longer wants a longer timeout.",
                FailureClass.DeviceAbsent),
            Answer.Damaged => new EdgeException(
                "modbus.bad_checksum", what, $"What came back for {asked} was damaged or broke off, {(tries > 1 ? $"{tries} times" : "once")}; the line has {settings}.",
                "Compare baud and parity with the part; check that two stations do not share a number, the 120 Ω resistors at both ends of the cable, and that it runs apart from power cables.",
                FailureClass.BusIo),
            Answer.Exception => new EdgeException(
                "modbus.exception", what, $"It answered {asked} with exception {_frame[2]}: {ModbusFrame.ExceptionName(_frame[2])}.",
                _frame[2] switch
                {
                    1 => "Try the other table: parts often keep measurements as input registers, or as holding registers.",
                    2 or 3 => "Compare register, table and type with the part's manual. The protocol counts from 0: a manual's 40001 or 30001 is register 0.",
                    _ => "The part itself has a problem; its manual says more.",
                },
                _frame[2] is >= 1 and <= 3 ? FailureClass.Config : FailureClass.BusIo),
            Answer.Noise => new EdgeException(
                "modbus.line_noise", what, $"Bytes arrive on {_line.Device} without a pause and without having been asked for.",
                "Look for a second master on the line, or for one that floats: A and B need bias resistors, or an adapter that has them.",
                FailureClass.BusIo),
            _ => new EdgeException(
                "modbus.bad_answer", what, $"Its answer for {asked} is intact and fits another question.",
                "Look for a second master on the line; a part that answers late wants a longer timeout.",
                FailureClass.BusIo),
        };
    }
}
