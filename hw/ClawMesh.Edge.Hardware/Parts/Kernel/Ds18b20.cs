using System.Buffers.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>
/// A thermometer on the kernel's 1-wire bus (Documentation/w1/slaves/w1_therm.rst). Each read makes the part measure: 750 ms at
/// 12 bits (datasheet DS18B20, 19-7487 Rev 6, table 2), seconds when the kernel repeats a damaged transfer.
/// </summary>
internal sealed class Ds18b20 : KernelSensor
{
    internal const string Driver = "ds18b20";

    private const string Directory = "sys/bus/w1/devices";
    private const int MaxListed = 16;

    // Datasheet, "Operation: measuring temperature": the register holds +85 °C from power-on until the first conversion.
    private const double PowerOnValue = 85;

    // A real 85 °C is come to by degrees.
    private const double NearPowerOn = 5;

    private readonly string _serial;
    private readonly KernelAttribute _file;
    private bool _isSlaveFile;
    private double _last = double.NaN;

    public Ds18b20(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        _serial = binding.Wiring.Text(BusKeys.SerialNumber);
        _file = new KernelAttribute(binding.Info.Id);
    }

    /// <inheritdoc/>
    /// <remarks>A conversion takes 750 ms, and the kernel repeats a damaged transfer for several seconds before it says so.</remarks>
    public override TimeSpan ReadLimit => TimeSpan.FromSeconds(10);

    protected override void Find()
    {
        string device = Path.Combine(Root, Directory, _serial);
        if (!System.IO.Directory.Exists(device)) throw Absent();
        // Older kernels, JetPack 4's among them, have the other file only.
        string temperature = Path.Combine(device, "temperature");
        _isSlaveFile = !File.Exists(temperature);
        _file.Open(_isSlaveFile ? Path.Combine(device, "w1_slave") : temperature);
    }

    protected override bool TryRead(out double value)
    {
        Span<byte> buffer = stackalloc byte[128];
        value = double.NaN;
        int read = _file.Read(buffer);
        if (read < 0) return false;
        // Not read again: the kernel has tried for seconds.
        if (read == 0) throw Empty();
        ReadOnlySpan<byte> text = buffer[..read];
        if (_isSlaveFile)
        {
            int at = text.IndexOf("t="u8);
            if (text.IndexOf(" YES"u8) < 0 || at < 0) throw Empty();
            text = text[(at + 2)..];
        }

        if (!Utf8Parser.TryParse(text, out int millidegrees, out _)) throw _file.Failed($"It holds '{System.Text.Encoding.ASCII.GetString(text.Trim("\n "u8))}', which is not a number.", null);
        value = millidegrees / 1000.0;
        if (value == PowerOnValue && !(Math.Abs(_last - value) <= NearPowerOn)) throw PoweredOn();
        _last = value;
        return true;
    }

    // The kernel's driver leaves its files empty, without an error, when no transfer had a good checksum.
    protected override Exception Empty() => new EdgeException(
        "w1.bad_checksum", $"Could not read '{Info.Id}'.", $"What '{_serial}' sends arrives damaged, however often the kernel repeats it.",
        "Check the 4.7 kΩ resistor between data and 3.3 V, the ground, and the cable: long ones and stars of cables need a smaller resistor.", FailureClass.BusIo);

    private EdgeException PoweredOn() => new(
        "part.at_rail", $"'{Info.Id}' has no measurement.", "It says 85.000 °C, what its register holds after power-on: its supply fails while it measures.",
        "Give it 3.3 V on its own wire instead of feeding it through the data line; check its supply.", FailureClass.OutOfRange);

    private EdgeException Absent()
    {
        var present = new List<string>();
        foreach (string name in KernelFile.Names(Path.Combine(Root, Directory)))
        {
            // Masters are called w1_bus_master1; parts begin with their family in hex.
            if (present.Count < MaxListed && !name.StartsWith("w1_", StringComparison.Ordinal)) present.Add(name);
        }

        bool hasBus = System.IO.Directory.Exists(Path.Combine(Root, Directory));
        return new EdgeException(
            "w1.no_part", $"Could not find '{Info.Id}'.",
            hasBus ? $"No part '{_serial}' is on the 1-wire bus; there {(present.Count == 0 ? "is none" : $"are {string.Join(", ", present)}")}." : "The kernel has no 1-wire bus.",
            hasBus ? "Check its three wires and the 4.7 kΩ resistor between data and 3.3 V; the kernel looks for new parts every 10 s." : "Load w1-gpio with its overlay, or plug in the 1-wire adapter; `clawmesh-edge scan` shows the bus.",
            FailureClass.DeviceAbsent);
    }
}
