using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Reads one board file. A person with a datasheet and no C# can write one, so every problem is named with its fix.</summary>
public static class BoardFile
{
    private const int Schema = 1;

    /// <param name="origin">The file's name in messages.</param>
    public static BoardReadResult Read(string text, string origin)
    {
        var problems = new List<ConfigProblem>();
        BoardDefinition? board = null;
        ConfigObject.Parse(text, origin, problems, root => board = ReadBoard(root));
        return new BoardReadResult(problems.Any(p => p.Severity == ProblemSeverity.Error) ? null : board, problems, origin);
    }

    private static BoardDefinition ReadBoard(ConfigObject root)
    {
        if (root.WholeNumber("schema", Schema, Schema) is null && root.Raw("schema") is null)
            root.Error("schema", $"schema is missing; it must be {Schema}.", $"Add \"schema\": {Schema}.");
        string name = root.Text("name", "the file's name without .json") ?? "";
        if (name.Length > 0 && !ConfigDirectory.IsName(name))
            root.Error("name", $"name is '{name}'; it may have letters, digits, '-' and '_' only.", "Choose a shorter name.");
        string title = root.Text("title", "one line for people") ?? "";
        string source = root.Text("source", "the document and page the channels come from") ?? "";
        string notes = root.Text("notes", "a text", required: false) ?? "";

        var channels = new List<BoardChannel>();
        var pathByName = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ConfigObject item in root.Objects("channels", required: true))
        {
            BoardChannel channel = ReadChannel(item);
            if (!pathByName.TryAdd(channel.Name, item.Path) && channel.Name.Length > 0)
                item.Error("name", $"{item.Path}.name is '{channel.Name}', as is {pathByName[channel.Name]}.name.", "Give each channel a name of its own.");
            channels.Add(channel);
        }

        root.Done();
        return new BoardDefinition(name, title, source, notes, channels);
    }

    private static BoardChannel ReadChannel(ConfigObject item)
    {
        string name = item.Text("name", "the name a site uses, e.g. valve-1") ?? "";
        string? kind = item.Word("kind", required: true, ChannelKind.Sensor.Word(), ChannelKind.Output.Word());
        string bus = item.Text("bus", "the name of the bus; channels of one bus may wait for each other") ?? "";
        string unit = item.Text("unit", "a unit such as % or l/min", required: false) ?? "";
        string notes = item.Text("notes", "a text", required: false) ?? "";
        Dictionary<string, string> wiring = item.Object("wiring")?.AllAsText() ?? [];
        foreach (string reserved in new[] { SiteDrivers.ChannelKey, SiteDrivers.BusKey })
        {
            if (wiring.ContainsKey(reserved))
                item.Error($"wiring.{reserved}", $"{item.Path}.wiring.{reserved} is set by the node itself.", "Remove it; the channel's own name and bus are used.");
        }

        item.Done();
        return new BoardChannel(name, kind == ChannelKind.Output.Word() ? ChannelKind.Output : ChannelKind.Sensor, bus, unit, notes, wiring);
    }
}
