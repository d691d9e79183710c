using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads driver and channel of a binding against the board. Remembers who took which channel.</summary>
/// <param name="board">Null when the board could not be read; channels are then not checked.</param>
/// <param name="siteIsSimulated">Null when the file does not say.</param>
internal sealed class SiteWiringReader(BoardDefinition? board, bool? siteIsSimulated)
{
    private readonly Dictionary<string, string> _takenBy = new(StringComparer.Ordinal);

    public SiteWiring Read(ConfigObject item, ChannelKind kind)
    {
        string driver = ReadDriver(item);
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

    private string ReadDriver(ConfigObject item)
    {
        string driver = item.Text("driver", $"one of {string.Join(", ", SiteDrivers.Known)}") ?? "";
        if (driver.Length == 0) return driver;
        if (!SiteDrivers.Known.Contains(driver))
        {
            item.Error("driver", $"{item.PathOf("driver")} is '{driver}'; this build knows {string.Join(", ", SiteDrivers.Known)}.", $"Did you mean '{NearestText.Find(driver, SiteDrivers.Known)}'?");
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
internal sealed record SiteWiring(string Driver, string Bus, string Unit, IReadOnlyDictionary<string, string> Wiring);
