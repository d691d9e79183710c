using System.Buffers;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Reads one board file. A person with a datasheet and no C# can write one, so every problem is named with its fix.</summary>
public static class BoardFile
{
    private const int Schema = 1;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

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
        // For editors, which find the schema by it.
        root.Raw("$schema");
        if (root.WholeNumber("schema", Schema, Schema) is null && root.Raw("schema") is null)
            root.Error("schema", $"schema is missing; it must be {Schema}.", $"Add \"schema\": {Schema}.");
        string name = root.Text("name", "the file's name without .json") ?? "";
        if (name.Length > 0 && !ConfigDirectory.IsName(name))
            root.Error("name", $"name is '{name}'; it may have letters, digits, '-' and '_' only.", "Choose a shorter name.");
        string title = root.Text("title", "one line for people") ?? "";
        string source = root.Text("source", "the document and page the facts come from") ?? "";
        string notes = root.Text("notes", "a text", required: false) ?? "";
        string soc = root.Text("soc", "the system on chip as the device tree names it, e.g. tegra234", required: false) ?? "";

        IReadOnlyList<BoardPin> pins = new BoardPinReader(soc).Read(root);
        var board = new BoardDefinition(name, title, source, notes, ReadChannels(root))
        {
            Soc = soc,
            Compatibles = ReadCompatibles(root),
            CarrierIds = ReadCarriers(root),
            MatchOrder = root.WholeNumber("matchOrder", 0, 1000) ?? int.MaxValue,
            Pins = pins,
            Buses = BoardBusReader.Read(root, pins),
            Rails = BoardBusReader.ReadRails(root),
        };
        root.Done();
        return board;
    }

    private static List<BoardChannel> ReadChannels(ConfigObject root)
    {
        var channels = new List<BoardChannel>();
        var pathByName = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ConfigObject item in root.Objects("channels"))
        {
            BoardChannel channel = ReadChannel(item);
            if (!pathByName.TryAdd(channel.Name, item.Path) && channel.Name.Length > 0)
                item.Error("name", $"{item.Path}.name is '{channel.Name}', as is {pathByName[channel.Name]}.name.", "Give each channel a name of its own.");
            channels.Add(channel);
        }

        return channels;
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

    private static IReadOnlyList<string> ReadCompatibles(ConfigObject root)
    {
        const string allowed = "a list of entries of /proc/device-tree/compatible, each vendor,name";
        IReadOnlyList<string> compatibles = root.Texts("compatibles", allowed) ?? [];
        foreach (string compatible in compatibles)
        {
            int comma = compatible.IndexOf(',', StringComparison.Ordinal);
            if (comma <= 0 || comma == compatible.Length - 1 || compatible.AsSpan().ContainsAny(" \0\n"))
                root.Error("compatibles", $"compatibles names '{compatible}'; it must be {allowed}.", "`tr '\\0' '\\n' < /proc/device-tree/compatible` shows them on the board.");
        }

        return compatibles;
    }

    private static IReadOnlyList<string> ReadCarriers(ConfigObject root)
    {
        const string allowed = "a list of carrier board numbers of four digits, e.g. \"3768\"";
        IReadOnlyList<string> carriers = root.Texts("carrierIds", allowed) ?? [];
        foreach (string carrier in carriers)
        {
            if (carrier.Length != 4 || carrier.AsSpan().ContainsAnyExcept(Digits))
                root.Error("carrierIds", $"carrierIds names '{carrier}'; it must be {allowed}.", "The number is printed on the carrier as P3768 or 3768.");
        }

        return carriers;
    }
}
