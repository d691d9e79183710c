using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>A channel of a hardware monitor (Documentation/hwmon/sysfs-interface.rst: m°C, mV, mA, µW, revolutions a minute).</summary>
internal sealed class HwmonSensor : KernelSensor
{
    internal const string Driver = "hwmon";
    internal const string ChipKey = "chip";
    internal const string ChannelKey = "channel";
    internal const string DeviceKey = "device";

    private const string LabelSuffix = "_label";

    // It labels its voltages only; current N flows where voltage N is measured (Documentation/hwmon/ina3221.rst).
    private const string LabelsVoltagesOnly = "ina3221";

    private static readonly KernelDevices Chips = new("sys/class/hwmon", "hwmon", "name", "hardware monitor");

    private readonly string _chip;
    private readonly string _channel;
    private readonly string? _device;
    private readonly string _measures;
    private readonly string _kind;
    private readonly double _unitsPerOne;
    private readonly KernelAttribute _file;

    public HwmonSensor(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        (_chip, _channel, _device) = (binding.Wiring.Text(ChipKey), binding.Wiring.Text(ChannelKey), binding.Wiring.Optional(DeviceKey));
        _measures = binding.Wiring.Text(PartWiring.MeasuresKey);
        (_kind, _unitsPerOne) = _measures switch
        {
            "voltage" => ("in", 1_000),
            "current" => ("curr", 1_000),
            "power" => ("power", 1_000_000),
            "fan" => ("fan", 1),
            _ => ("temp", 1_000.0),
        };
        _file = new KernelAttribute(binding.Info.Id);
    }

    protected override void Find()
    {
        string directory = Chips.Find(Info.Id, Root, _chip, _device);
        _file.Open(FileOf(directory, _channel) ?? ByLabel(directory) ?? throw NoChannel(directory));
    }

    protected override bool TryRead(out double value)
    {
        if (!_file.TryReadNumber(out value)) return false;
        value /= _unitsPerOne;
        return true;
    }

    protected override Exception Empty() => _file.Failed("It is empty, or went away while it was read.", null);

    private string? FileOf(string directory, string channel)
    {
        if (channel.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') != _kind) return null;
        string path = Path.Combine(directory, channel);
        // Some power meters answer with a mean alone.
        return File.Exists(path + "_input") ? path + "_input" : File.Exists(path + "_average") ? path + "_average" : null;
    }

    private string? ByLabel(string directory)
    {
        foreach (string file in KernelFile.Names(directory))
        {
            if (!file.EndsWith(LabelSuffix, StringComparison.Ordinal) || KernelFile.TryReadText(Path.Combine(directory, file)) != _channel) continue;
            string channel = file[..^LabelSuffix.Length];
            if (FileOf(directory, channel) is { } path) return path;
            if (_chip == LabelsVoltagesOnly && channel.StartsWith("in", StringComparison.Ordinal) && FileOf(directory, _kind + channel[2..]) is { } paired) return paired;
        }

        return null;
    }

    private EdgeException NoChannel(string directory)
    {
        var present = new List<string>();
        foreach (string file in KernelFile.Names(directory))
        {
            if (!file.EndsWith("_input", StringComparison.Ordinal)) continue;
            string channel = file[..^"_input".Length];
            present.Add(KernelFile.TryReadText(Path.Combine(directory, channel + LabelSuffix)) is { } label ? $"{channel} ({label})" : channel);
        }

        return new EdgeException(
            "kernel.no_channel", $"Could not find the channel of '{Info.Id}'.",
            $"Hardware monitor '{_chip}' has no channel '{_channel}' that measures {_measures}; it has {(present.Count == 0 ? "none" : string.Join(", ", present))}.",
            "Name one of them, by number or by label, and what it measures.", FailureClass.Config);
    }
}
