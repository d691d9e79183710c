using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>Collects what discovery finds: bounded, with unique ids, and only sensors that can be read now.</summary>
internal sealed class HostSensorList(TimeSpan interval)
{
    private readonly List<ISensor> _sensors = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    internal IReadOnlyList<ISensor> Sensors => _sensors;

    /// <summary>Makes the sensor, tries it once, and keeps it if it answered. A full list or a silent sensor is left out.</summary>
    /// <param name="name">The id after <c>sensor:host:</c>.</param>
    /// <param name="every">The pause between samples, where it is not the usual one.</param>
    internal void Add(
        string name, Quantity quantity, string bus, double validMin, double validMax, Func<SensorInfo, HostSensor> make,
        double? low = null, double? critical = null, TimeSpan? every = null, WhenOff off = WhenOff.Fault)
    {
        if (_sensors.Count >= HostSensors.MaxSensors) return;
        var info = new SensorInfo(
            new SensorId("sensor:host:" + name), HostSensors.Zone, quantity, every ?? interval, bus, Simulated: false, validMin, validMax, low, critical)
        {
            MayBeOff = off != WhenOff.Fault,
        };
        for (int n = 2; _ids.Contains(info.Id.Value); n++) info = info with { Id = new SensorId($"sensor:host:{name}-{n}") };

        try
        {
            HostSensor sensor = make(info);

            // On a Jetson, zones of powered-down engines may stay so for good; such a one would only fill the list.
            if (double.IsNaN(sensor.Probe()) && off == WhenOff.LeaveOut) return;
            _sensors.Add(sensor);
            _ids.Add(info.Id.Value);
        }
        catch (EdgeException)
        {
            // Not on this machine. Discovery reports what exists.
        }
    }

    /// <summary>ASCII letters and digits of a label in lower case, everything between them one hyphen: <c>Package id 0</c> → <c>package-id-0</c>.</summary>
    internal static string Slug(string label)
    {
        var slug = new StringBuilder(label.Length);
        foreach (char c in label)
        {
            if (char.IsAsciiLetterOrDigit(c)) slug.Append(char.ToLowerInvariant(c));
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
            if (slug.Length == MaxSlugLength) break;
        }

        string text = slug.ToString().TrimEnd('-');
        return text.Length == 0 ? "unnamed" : text;
    }

    // [W-109] caps a capability at 128 characters; a label of this length leaves room for the rest.
    private const int MaxSlugLength = 48;
}
