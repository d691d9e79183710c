using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>board check</c>: a site against its board, and on the board itself against its kernel. Drives nothing and addresses no part.</summary>
internal static class BoardCheckVerb
{
    public static Command Build(GlobalOptions global)
    {
        var site = new Option<string?>("--site") { Description = "A site by name or path; without it the configured one.", HelpName = "NAME|FILE" };
        var machine = new Option<string?>("--board") { Description = "Take this machine for that board, whatever its device tree says.", HelpName = "NAME" };
        var command = new Command("check", "Find conflicts between a site, its board and, on the board itself, its kernel; exit 1 when one cannot work.") { site, machine };
        global.Report(command, (context, parsed, _) =>
        {
            string name = parsed.GetValue(site) ?? SiteVerb.Configured(context.State);
            return Task.FromResult<IReport>(Check(Node.Sites.Load(name), name, parsed.GetValue(machine), LinuxPorts.ThisMachine));
        });
        return command;
    }

    /// <param name="machine">Null asks the device tree.</param>
    internal static CheckReport Check(Site site, string siteName, string? machine, IHardwarePorts ports)
    {
        BoardDefinition board = BoardVerb.Load(site.Board);
        BoardFinding finding = machine is null ? BoardMatch.Find(ports.Root, Node.Sites.Boards) : new BoardFinding(BoardVerb.Load(machine), null, null, null, "");

        // Nothing detects such a board, so every machine may be it.
        bool anyMachine = board.Compatibles.Count == 0;
        bool here = !site.Simulated && (anyMachine || finding.Board?.Name == board.Name);
        string kernel = site.Simulated ? "not looked at: the site is simulated"
            : here ? "looked at"
            : finding.Board is { } other ? $"not looked at: this machine is a {other.Name}, the site is for a {board.Name}"
            : $"not looked at: this machine is no known board: {finding.Problem}";
        PinmuxReadResult pinmux = !here ? new PinmuxReadResult(null, "not asked for on this machine")
            : board.Pins.Any(p => p.Gpio?.PadRegister is not null) ? PinmuxFile.Read(ports.Root)
            : new PinmuxReadResult(null, "no pad register of this board is known");

        var conflicts = new List<BoardConflict>(BoardConflicts.Find(site, board, here ? ports : null, pinmux.Table));
        if (here && finding.CarrierMatches == false)
            conflicts.Insert(0, new BoardConflict(ProblemSeverity.Warning, "", $"{finding.Problem}.", "Compare the header with the carrier's manual; a board file of your own may name its carrier.", FailureClass.Config));
        return new CheckReport(siteName, board.Name, kernel, pinmux.Table is null ? $"skipped: {pinmux.Why}" : "looked at", conflicts);
    }

    /// <param name="Kernel">Whether the machine itself was looked at, or why not.</param>
    /// <param name="Pinmux">The same about its pads.</param>
    internal sealed record CheckReport(string Site, string Board, string Kernel, string Pinmux, IReadOnlyList<BoardConflict> Conflicts) : IReport
    {
        public string Kind => "board check";

        public ReportStatus Status => Conflicts.Any(c => c.Severity == ProblemSeverity.Error) ? ReportStatus.Fail : Conflicts.Count > 0 ? ReportStatus.Warn : ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("site", Site);
            writer.WriteString("board", Board);
            writer.WriteString("kernel", Kernel);
            writer.WriteString("pinmux", Pinmux);
            writer.WriteStartArray("conflicts");
            foreach (BoardConflict conflict in Conflicts)
            {
                writer.WriteStartObject();
                writer.WriteString("severity", Word(conflict));
                writer.WriteString("ref", conflict.Ref);
                writer.WriteString("what", conflict.What);
                writer.WriteString("fix", conflict.Fix);
                writer.WriteString("failureClass", conflict.Class.Word());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(("site", Site), ("board", Board), ("kernel", Kernel), ("pads", Pinmux)));
            foreach (BoardConflict conflict in Conflicts)
            {
                console.MarkupLine($"[{(conflict.Severity == ProblemSeverity.Error ? "red" : "yellow")}]{Word(conflict)}[/] {Markup.Escape(Facts.Plain(conflict.Ref))}");
                console.Write(new Padder(Facts.Grid(("what", Facts.Plain(conflict.What)), ("fix", Facts.Plain(conflict.Fix))), new Padding(2, 0, 0, 0)));
            }

            if (Conflicts.Count == 0) console.WriteLine("No conflicts.");
        }

        private static string Word(BoardConflict conflict) => conflict.Severity == ProblemSeverity.Error ? "error" : "warning";
    }
}
