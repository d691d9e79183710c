using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses.Serial;

namespace ClawMesh.Edge.Hardware.Parts.Serial;

/// <summary>One value of a Modbus station: one or two registers, scaled. The site says what they mean.</summary>
internal sealed class ModbusSensor : PartSensor
{
    internal const string Driver = "modbus";
    internal const string RegisterKey = "register";
    internal const string TableKey = "table";
    internal const string TypeKey = "type";
    internal const string ScaleKey = "scale";
    internal const string OffsetKey = "offset";
    internal const string InvalidKey = "invalid";
    internal const string TimeoutKey = "timeout";
    internal const string Holding = "holding";
    internal const string Input = "input";

    private const string SwappedSuffix = "-swapped";

    private readonly ModbusMaster _master;
    private readonly ModbusTable _table;
    private readonly int _station;
    private readonly int _register;
    private readonly char _kind;
    private readonly bool _isLong;
    private readonly bool _lowWordFirst;
    private readonly double _scale;
    private readonly double _offset;
    private readonly double _invalid;
    private readonly TimeSpan _timeout;

    public ModbusSensor(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        IReadOnlyDictionary<string, string> wiring = binding.Wiring;
        _master = ModbusMaster.Of(site.Buses, wiring.Text(BusKeys.Port), Settings(wiring), site.Time);
        _table = wiring.Text(TableKey) == Input ? ModbusTable.Input : ModbusTable.Holding;
        _station = wiring.Whole(BusKeys.Station);
        _register = wiring.Whole(RegisterKey);
        string type = wiring.Text(TypeKey);
        _kind = type[0];
        _lowWordFirst = type.EndsWith(SwappedSuffix, StringComparison.Ordinal);
        _isLong = type.Contains("32", StringComparison.Ordinal);
        (_scale, _offset) = (wiring.Number(ScaleKey), wiring.Number(OffsetKey));
        _invalid = wiring.Optional(InvalidKey) is null ? double.NaN : wiring.Number(InvalidKey);
        _timeout = wiring.Duration(TimeoutKey);
    }

    public override void Recover() => _master.ReopenLine();

    internal static SerialSettings Settings(IReadOnlyDictionary<string, string> wiring) => new(
        wiring.Whole(BusKeys.Baud),
        wiring.Text(BusKeys.Parity) switch { "even" => SerialParity.Even, "odd" => SerialParity.Odd, _ => SerialParity.None },
        wiring.Whole(BusKeys.StopBits));

    protected override double Measure()
    {
        Span<ushort> words = stackalloc ushort[2];
        if (!_isLong) words = words[..1];
        _master.ReadRegisters(_table, _station, _register, words, _timeout);
        double raw = Value(words);
        if (raw != _invalid) return (raw * _scale) + _offset;
        throw new EdgeException(
            "part.at_rail",
            $"'{Info.Id}' has no measurement.",
            string.Create(CultureInfo.InvariantCulture, $"Station {_station} holds {raw} in register {_register}, its word for \"nothing measured\"."),
            "Look at the probe: an open or shorted line, nothing in range of an ultrasonic head, a part that warms up.",
            FailureClass.OutOfRange);
    }

    // Each register travels with its high byte first; in which order two of them stand is the part's choice.
    private double Value(ReadOnlySpan<ushort> words)
    {
        if (!_isLong) return _kind == 'i' ? (short)words[0] : words[0];
        uint bits = _lowWordFirst ? ((uint)words[1] << 16) | words[0] : ((uint)words[0] << 16) | words[1];
        return _kind switch { 'i' => (int)bits, 'f' => BitConverter.UInt32BitsToSingle(bits), _ => bits };
    }
}
