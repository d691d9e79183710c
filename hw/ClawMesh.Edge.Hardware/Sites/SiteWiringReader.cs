using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads driver and channel of a binding against the board. Remembers who took which channel.</summary>
/// <param name="board">Null when the board could not be read; channels are then not checked.</param>
/// <param name="siteIsSimulated">Null when the file does not say.</param>
internal sealed class SiteWiringReader(BoardDefinition? board, bool? siteIsSimulated)
{
    private readonly Dictionary<string, string> _takenBy = new(StringComparer.Ordinal);

    private readonly SitePartReader _parts = new(board);

    public SiteWiring Read(ConfigObject item, ChannelKind kind)
    {
        string driver = ReadDriver(item, kind);
        return PartCatalog.Find(driver) is { } part ? ReadPart(item, part) : ReadSimulated(item, kind, driver);
    }

    private SiteWiring ReadPart(ConfigObject item, Part part)
    {
        (string bus, Dictionary<string, string> wiring) = _parts.Read(item, part);
        string unit = part is SensorPart sensor ? ReadMeasure(item, sensor, wiring).Unit : "";
        if (part is SensorPart && SiteCalibration.Read(item, wiring)) unit = "";
        return new SiteWiring(part.Driver, bus, unit, wiring) { Levels = part is not OutputPart output || output.Levels };
    }

    private static PartMeasure ReadMeasure(ConfigObject item, SensorPart part, Dictionary<string, string> wiring)
    {
        if (part.Measures.Count == 1) return part.Measures[0];
        string? name = item.Word(PartWiring.MeasuresKey, required: true, [.. part.Measures.Select(m => m.Name)]);
        PartMeasure measure = part.Measures.FirstOrDefault(m => m.Name == name) ?? part.Measures[0];
        wiring[PartWiring.MeasuresKey] = measure.Name;
        return measure;
    }

    private SiteWiring ReadSimulated(ConfigObject item, ChannelKind kind, string driver)
    {
        string? channelName = item.Text("channel", Allowed(kind));
        var wiring = new Dictionary<string, string>(StringComparer.Ordinal);
        BoardChannel? channel = null;
        if (channelName is not null)
        {
            wiring[SiteDrivers.ChannelKey] = channelName;
            channel = ReadChannel(item, kind, channelName);
        }

        foreach ((string key, string value) in channel?.Wiring ?? new Dictionary<string, string>()) wiring[key] = value;
        string bus = channel?.Bus ?? "";
        wiring[SiteDrivers.BusKey] = bus;
        return new SiteWiring(driver, bus, channel?.Unit ?? "", wiring);
    }

    private string ReadDriver(ConfigObject item, ChannelKind kind)
    {
        IReadOnlyList<string> known = SiteDrivers.Of(kind);
        string driver = item.Text("driver", $"one of {string.Join(", ", known)}") ?? "";
        if (driver.Length == 0) return driver;
        if (!known.Contains(driver))
        {
            item.Error("driver", $"{item.PathOf("driver")} is '{driver}'; for a part of kind {kind.Word()} this build knows {string.Join(", ", known)}.", $"Did you mean '{NearestText.Find(driver, known)}'?");
            return driver;
        }

        // Simulated and real evidence must never stand side by side: one would vouch for the other.
        bool driverIsSimulated = driver == SiteDrivers.Simulated;
        if (siteIsSimulated is { } simulated && simulated != driverIsSimulated)
        {
            item.Error(
                "driver",
                $"{item.PathOf("driver")} is '{driver}' on a site with \"simulated\": {(simulated ? "true" : "false")}; a site never mixes the two.",
                simulated ? $"Use driver '{SiteDrivers.Simulated}', or set \"simulated\" to false." : "Use a real driver, or set \"simulated\" to true.");
        }

        return driver;
    }

    private BoardChannel? ReadChannel(ConfigObject item, ChannelKind kind, string name)
    {
        if (!_takenBy.TryAdd(name, item.Path))
            item.Error("channel", $"{item.PathOf("channel")} is '{name}', which {_takenBy[name]} uses already; a channel serves one part.", "Choose a free channel.");
        if (board is null) return null;

        BoardChannel? channel = board.Find(name);
        if (channel is null)
            item.Error("channel", $"{item.PathOf("channel")} is '{name}'; board '{board.Name}' has no such channel. It must be {Allowed(kind)}.", $"Did you mean '{NearestText.Find(name, Names(kind))}'?");
        else if (channel.Kind != kind)
            item.Error("channel", $"{item.PathOf("channel")} is '{name}', which is of kind {channel.Kind.Word()}; it must be {Allowed(kind)}.", "Choose one of them.");
        return channel;
    }

    private string[] Names(ChannelKind kind) => [.. (board?.Channels ?? []).Where(c => c.Kind == kind).Select(c => c.Name)];

    private string Allowed(ChannelKind kind) =>
        Names(kind) is { Length: > 0 } names ? $"one of {string.Join(", ", names)}" : $"the name of a channel of kind {kind.Word()}";
}

/// <param name="Unit">The unit the channel answers in; empty when the part on it decides.</param>
internal sealed record SiteWiring(string Driver, string Bus, string Unit, IReadOnlyDictionary<string, string> Wiring)
{
    /// <summary>An output of it may be of kind level.</summary>
    public bool Levels { get; init; } = true;
}
