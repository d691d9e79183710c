using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads one entry of <c>sensors</c>. A binding always comes out; problems say whether it may be used.</summary>
internal static class SiteSensorReader
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);

    public static Located<SensorBinding> Read(ConfigObject item, SiteWiringReader wiringReader)
    {
        string id = item.Text("id", SiteRefs.Allowed("sensor")) ?? "";
        if (id.Length > 0 && !SiteRefs.IsWellFormed(id, "sensor"))
            item.Error("id", $"{item.PathOf("id")} is '{id}'; it must be {SiteRefs.Allowed("sensor")}.", "For example sensor:soil-moisture:zone-1.");
        string zone = item.Text("zone", "the place it measures, e.g. zone-1") ?? "";
        string metric = item.Text("metric", "the word for what it measures, e.g. moisture") ?? "";
        string unit = item.Text("unit", "the unit of its values, e.g. %") ?? "";
        SiteWiring wiring = wiringReader.Read(item, ChannelKind.Sensor);
        if (unit.Length > 0 && wiring.Unit.Length > 0 && unit != wiring.Unit)
            item.Error("unit", $"{item.PathOf("unit")} is '{unit}'; its driver answers in '{wiring.Unit}'.", $"Write \"{wiring.Unit}\", or give a calibration.");

        TimeSpan interval = item.Duration("interval", LongestInterval) ?? DefaultInterval;
        if (interval < ShortestInterval)
            item.Error("interval", $"{item.PathOf("interval")} is {DurationText.Format(interval)}; it must be at least {DurationText.Format(ShortestInterval)}.", "Use 1s unless something moves faster.");

        (double min, double max) = ReadValid(item);
        double? low = item.Number("low", "a number");
        double? critical = item.Number("critical", "a number");
        if (critical > low)
            item.Error("critical", $"{item.PathOf("critical")} is {critical}, above low = {low}; critical is the worse of the two.", "Swap them.");

        item.Done();
        var info = new SensorInfo(
            new SensorId(id), zone, new Quantity(metric, unit), interval, wiring.Bus, wiring.Driver == SiteDrivers.Simulated, min, max, low, critical);
        return new(item, new SensorBinding(info, wiring.Driver, wiring.Wiring));
    }

    private static (double Min, double Max) ReadValid(ConfigObject item)
    {
        if (item.Object("valid") is not { } valid) return (double.NegativeInfinity, double.PositiveInfinity);
        double? min = valid.Number("min", "a number");
        double? max = valid.Number("max", "a number");
        if (min >= max)
            valid.Error("min", $"{valid.PathOf("min")} is {min}, not below max = {max}; then no value is believed.", "Swap them, or widen the range.");
        valid.Done();
        return (min ?? double.NegativeInfinity, max ?? double.PositiveInfinity);
    }
}
