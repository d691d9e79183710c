namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>The driver names a site file may use, and the keys of the wiring that every driver gets.</summary>
public static class SiteDrivers
{
    public const string Simulated = "simulated";

    /// <summary>Wiring key: the board's channel.</summary>
    public const string ChannelKey = "channel";

    /// <summary>Wiring key: the bus of that channel, from the board.</summary>
    public const string BusKey = "bus";

    /// <summary>Drivers of this build. Real buses join here.</summary>
    public static IReadOnlyList<string> Known { get; } = [Simulated];
}
