using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;

namespace ClawMesh.Edge.World.Twin;

/// <summary>Which part of the picture an observation belongs to. Pure: metric, zone, unit and sensor decide, nothing that happened before.</summary>
public static class Classification
{
    /// <summary>Before the name of a property that a model spoke of. Nothing observed has it.</summary>
    public const string ForecastPrefix = "forecast:";

    private const string HostSensor = "sensor:host:";
    private const string HostZone = "host";
    private const string TankSensor = "sensor:tank-level:";
    private const string AirPressureUnit = "hPa";

    /// <summary>A zone, unless what is measured says that it is the machine itself, a tank or a water line.</summary>
    /// <param name="sensor">The sensor's ref, where the frame has one; classic nodes send none.</param>
    public static EntityKind KindOf(string zone, string metric, string unit, string? sensor)
    {
        if (zone == HostZone || (sensor is not null && sensor.StartsWith(HostSensor, StringComparison.Ordinal))) return EntityKind.Node;
        if (metric == "level" || (sensor is not null && sensor.StartsWith(TankSensor, StringComparison.Ordinal))) return EntityKind.Tank;
        // The pressure of the air is in hectopascal, that of a pipe in bar.
        return metric == "flow" || (metric == "pressure" && unit != AirPressureUnit) ? EntityKind.Line : EntityKind.Zone;
    }

    /// <summary>The metric; of a machine, which has many temperatures, what its sensor is called.</summary>
    public static ReadOnlySpan<char> PropertyOf(EntityKind kind, string metric, string? sensor) =>
        kind == EntityKind.Node && sensor is not null && sensor.StartsWith(HostSensor, StringComparison.Ordinal) ? sensor.AsSpan(HostSensor.Length) : metric;

    /// <summary>The id of an entity. An actuator's name is its ref, which says what it is already.</summary>
    public static string IdOf(EntityKind kind, string name) => kind switch
    {
        EntityKind.Zone => "zone:" + name,
        EntityKind.Tank => "tank:" + name,
        EntityKind.Line => "line:" + name,
        EntityKind.Node => "node:" + name,
        EntityKind.Actuator => name.StartsWith("actuator:", StringComparison.Ordinal) ? name : "actuator:" + name,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no kind of entity"),
    };

    /// <summary>
    /// True when a statement may never stand where an observation stands: a model had a part in it, or this node believes it no more
    /// than it would believe a model.
    /// </summary>
    public static bool IsForecast(string frameKind, bool fromModel, EvidenceTier believed) =>
        fromModel || believed == EvidenceTier.PlanningInference || frameKind is FrameKinds.Inference or FrameKinds.AgentResponse;

    public static Freshness FreshnessOf(double ageMs) => ageMs switch
    {
        <= 90_000 => Freshness.Fresh,
        <= 300_000 => Freshness.Aging,
        <= 1_800_000 => Freshness.Stale,
        _ => Freshness.Expired,
    };
}
