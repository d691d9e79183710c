namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>What a module brings to the wiring: its channels by name, with where the facts come from.</summary>
/// <param name="Source">The document and page the channels are taken from.</param>
public sealed record BoardDefinition(string Name, string Title, string Source, string Notes, IReadOnlyList<BoardChannel> Channels)
{
    /// <summary>The header; empty for boards that have none.</summary>
    public IReadOnlyList<BoardPin> Pins { get; init; } = [];

    public IReadOnlyList<BoardBus> Buses { get; init; } = [];

    /// <summary>Entries of <c>/proc/device-tree/compatible</c> that mean this board; empty where nothing detects it.</summary>
    public IReadOnlyList<string> Compatibles { get; init; } = [];

    /// <summary>Numbers of the carrier boards the header table is true for.</summary>
    public IReadOnlyList<string> CarrierIds { get; init; } = [];

    /// <summary>Boards are tried in this order; the first with a compatible that is there wins.</summary>
    public int MatchOrder { get; init; } = int.MaxValue;

    /// <summary>For example <c>tegra234</c>; empty where it does not matter.</summary>
    public string Soc { get; init; } = "";

    public IReadOnlyList<BoardRails> Rails { get; init; } = [];

    public BoardChannel? Find(string channel) => Channels.FirstOrDefault(c => c.Name == channel);

    public BoardPin? Pin(int number) => Pins.FirstOrDefault(p => p.Number == number);

    public BoardBus? Bus(string name) => Buses.FirstOrDefault(b => b.Name == name);
}

/// <summary>One thing a site can wire a sensor or an actuator to.</summary>
/// <param name="Bus">Channels of one bus may wait for each other; different buses never do.</param>
/// <param name="Unit">The unit a sensor channel answers in; empty for outputs and where the part on it decides.</param>
/// <param name="Wiring">What the driver needs to find it, e.g. <c>chip</c> and <c>line</c>; handed to the driver as text.</param>
public sealed record BoardChannel(string Name, ChannelKind Kind, string Bus, string Unit, string Notes, IReadOnlyDictionary<string, string> Wiring);

public enum ChannelKind
{
    Sensor,
    Output,
}

public static class ChannelKindWords
{
    public static string Word(this ChannelKind kind) => kind == ChannelKind.Sensor ? "sensor" : "output";
}
