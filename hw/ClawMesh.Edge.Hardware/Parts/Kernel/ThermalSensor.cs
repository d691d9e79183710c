using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>A thermal zone (Documentation/driver-api/thermal/sysfs-api.rst: m°C).</summary>
internal sealed class ThermalSensor : KernelSensor
{
    internal const string Driver = "thermal";

    /// <summary>Not <c>zone</c>: that is the place a sensor measures, in every entry of a site.</summary>
    internal const string ZoneKey = "thermalZone";

    private static readonly KernelDevices Zones = new("sys/class/thermal", "thermal_zone", "type", "thermal zone");

    private readonly string _zone;
    private readonly KernelAttribute _file;

    public ThermalSensor(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        _zone = binding.Wiring.Text(ZoneKey);
        _file = new KernelAttribute(binding.Info.Id);
    }

    protected override void Find() => _file.Open(Path.Combine(Zones.Find(Info.Id, Root, _zone, parent: null), "temp"));

    protected override bool TryRead(out double value)
    {
        if (!_file.TryReadNumber(out value)) return false;
        value /= 1000;
        return true;
    }

    protected override Exception Empty() => _file.Failed("It is empty, or went away while it was read.", null);
}
