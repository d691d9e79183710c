using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads a site file and checks it whole: all its problems are named, with what was seen, what is allowed and a fix.</summary>
public static class SiteFile
{
    private const int Schema = 1;

    /// <param name="origin">The file's name in messages.</param>
    public static SiteReadResult Read(string text, string origin, BoardCatalog boards)
    {
        var problems = new List<ConfigProblem>();
        Site? site = null;
        ConfigObject.Parse(text, origin, problems, root => site = ReadSite(root, text, boards, problems));
        return new SiteReadResult(problems.Any(p => p.Severity == ProblemSeverity.Error) ? null : site, problems, origin);
    }

    private static Site ReadSite(ConfigObject root, string text, BoardCatalog boards, List<ConfigProblem> problems)
    {
        if (root.WholeNumber("schema", Schema, Schema) is null && root.Raw("schema") is null)
            root.Error("schema", $"schema is missing; it must be {Schema}.", $"Add \"schema\": {Schema}.");
        string name = root.Text("name", "the name of this installation") ?? "";
        string boardName = root.Text("board", $"one of {string.Join(", ", boards.Names())}") ?? "";
        bool? simulated = root.Flag("simulated", required: true);

        BoardDefinition? board = null;
        if (boardName.Length > 0)
        {
            BoardReadResult read = boards.Read(boardName);
            board = read.Board;
            problems.AddRange(read.Problems.Select(p => p.Path == "board" ? p : p with { Path = $"board {boardName}: {p.Path}" }));
        }

        var wiring = new SiteWiringReader(board, simulated);
        IReadOnlyList<Located<SensorBinding>> sensors = [.. root.Objects("sensors").Select(item => SiteSensorReader.Read(item, wiring))];
        IReadOnlyList<Located<ActuatorBinding>> actuators = [.. root.Objects("actuators").Select(item => SiteActuatorReader.Read(item, wiring))];
        root.Done();

        SiteChecks.Check(sensors, actuators, board);
        int entries = sensors.Count + actuators.Count;
        if (entries > SiteRefs.MaxEntries)
            root.Error("sensors", $"The site names {entries} sensors and actuators; a node can announce {SiteRefs.MaxEntries}.", "Share the site between two nodes.");

        return new Site(name, boardName, simulated ?? false, [.. sensors.Select(s => s.Binding)], [.. actuators.Select(a => a.Binding)], text);
    }
}

/// <param name="Site">Null when there is an error among the problems; warnings leave it usable.</param>
/// <param name="Origin">A path, or <c>embedded:sites/NAME</c>.</param>
public sealed record SiteReadResult(Site? Site, IReadOnlyList<ConfigProblem> Problems, string Origin);

/// <summary>A binding with the place in the file where it stands, for checks between bindings.</summary>
internal sealed record Located<T>(ConfigObject At, T Binding);
