using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>The driver names a site file may use, and the keys of the wiring that every driver gets.</summary>
public static class SiteDrivers
{
    public const string Simulated = "simulated";

    /// <summary>Wiring key: the board's channel.</summary>
    public const string ChannelKey = "channel";

    /// <summary>Wiring key: the bus of that channel, from the board.</summary>
    public const string BusKey = "bus";

    /// <summary>Every driver of this build, in order.</summary>
    public static IReadOnlyList<string> Known { get; } = [Simulated, .. PartCatalog.All.Select(p => p.Driver)];

    public static IReadOnlyList<string> Of(ChannelKind kind) => [Simulated, .. PartCatalog.All.Where(p => p is SensorPart == (kind == ChannelKind.Sensor)).Select(p => p.Driver)];
}
