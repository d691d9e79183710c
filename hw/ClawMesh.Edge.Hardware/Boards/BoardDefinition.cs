namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>What a module brings to the wiring: its channels by name, with where the facts come from.</summary>
/// <param name="Source">The document and page the channels are taken from.</param>
public sealed record BoardDefinition(string Name, string Title, string Source, string Notes, IReadOnlyList<BoardChannel> Channels)
{
    public BoardChannel? Find(string channel) => Channels.FirstOrDefault(c => c.Name == channel);
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
