using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>
/// A channel of the kernel's Industrial I/O (Documentation/ABI/testing/sysfs-bus-iio: <c>_input</c> is the value, otherwise it is
/// (<c>_raw</c> + <c>_offset</c>) × <c>_scale</c>; m°C, mV, mA, mW, kPa, m%, lx).
/// </summary>
internal sealed class IioSensor : KernelSensor
{
    internal const string Driver = "iio";
    internal const string NameKey = "name";
    internal const string AttributeKey = "attribute";
    internal const string DeviceKey = "device";

    private static readonly KernelDevices Devices = new("sys/bus/iio/devices", "iio:device", "name", "IIO device");

    private readonly string _name;
    private readonly string _attribute;
    private readonly string? _device;
    private readonly string _measures;
    private readonly string _prefix;
    private readonly double _factor;
    private readonly KernelAttribute _value;
    private readonly KernelAttribute _scale;
    private readonly KernelAttribute _offset;

    public IioSensor(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        (_name, _attribute, _device) = (binding.Wiring.Text(NameKey), binding.Wiring.Text(AttributeKey), binding.Wiring.Optional(DeviceKey));
        _measures = binding.Wiring.Text(PartWiring.MeasuresKey);
        (_prefix, _factor) = _measures switch
        {
            "voltage" => ("in_voltage", 1e-3),
            "current" => ("in_current", 1e-3),
            "power" => ("in_power", 1e-3),
            "pressure" => ("in_pressure", 10),
            "humidity" => ("in_humidityrelative", 1e-3),
            "light" => ("in_illuminance", 1),
            _ => ("in_temp", 1e-3),
        };
        _value = new KernelAttribute(binding.Info.Id);
        _scale = new KernelAttribute(binding.Info.Id);
        _offset = new KernelAttribute(binding.Info.Id);
    }

    protected override void Find()
    {
        string directory = Devices.Find(Info.Id, Root, _name, _device);
        _scale.Close();
        _offset.Close();
        if (!_attribute.StartsWith(_prefix, StringComparison.Ordinal)) throw NoChannel(directory);
        string path = Path.Combine(directory, _attribute);
        if (File.Exists(path + "_input"))
        {
            _value.Open(path + "_input");
            return;
        }

        if (!File.Exists(path + "_raw")) throw NoChannel(directory);
        _value.Open(path + "_raw");
        if (OwnOrShared(directory, "_scale") is { } scale) _scale.Open(scale);
        if (OwnOrShared(directory, "_offset") is { } offset) _offset.Open(offset);
    }

    protected override bool TryRead(out double value)
    {
        if (!_value.TryReadNumber(out value)) return false;
        // Read each time: another program may change the range, and the scale with it.
        double offset = 0;
        double scale = 1;
        if ((_offset.IsOpen && !_offset.TryReadNumber(out offset)) || (_scale.IsOpen && !_scale.TryReadNumber(out scale))) return false;
        value = (value + offset) * scale * _factor;
        return true;
    }

    protected override Exception Empty() => _value.Failed("It is empty, or went away while it was read.", null);

    // in_voltage0_scale, else in_voltage_scale; in_voltage0-voltage1_scale, else in_voltage-voltage_scale.
    private string? OwnOrShared(string directory, string suffix)
    {
        string own = Path.Combine(directory, _attribute + suffix);
        if (File.Exists(own)) return own;
        var channelType = new StringBuilder();
        foreach (char c in _attribute)
        {
            if (!char.IsAsciiDigit(c)) channelType.Append(c);
        }

        string shared = Path.Combine(directory, channelType.Append(suffix).ToString());
        return File.Exists(shared) ? shared : null;
    }

    private EdgeException NoChannel(string directory)
    {
        var present = new List<string>();
        foreach (string file in KernelFile.Names(directory))
        {
            foreach (string suffix in new[] { "_input", "_raw" })
            {
                if (file.StartsWith("in_", StringComparison.Ordinal) && file.EndsWith(suffix, StringComparison.Ordinal)) present.Add(file[..^suffix.Length]);
            }
        }

        return new EdgeException(
            "kernel.no_channel", $"Could not find the channel of '{Info.Id}'.",
            $"IIO device '{_name}' has no channel '{_attribute}' that measures {_measures}; it has {(present.Count == 0 ? "none" : string.Join(", ", present))}.",
            "Name one of them, and what it measures.", FailureClass.Config);
    }
}
