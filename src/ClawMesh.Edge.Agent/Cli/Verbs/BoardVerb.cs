using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>board list|show</c>: the modules this node knows how to wire.</summary>
internal static class BoardVerb
{
    public static Command Build(GlobalOptions global) => new("board", "The boards this node knows: what a site can be wired to.")
    {
        List(global), Show(global),
    };

    private static Command List(GlobalOptions global)
    {
        var command = new Command("list", $"Every board, inside the binary or in {BoardCatalog.SystemDirectory}.");
        global.Report(command, (_, _, _) => Task.FromResult<IReport>(
            new ListReport([.. Node.Sites.Boards.Names().Select(name => new NamedBoard(name, Node.Sites.Boards.Read(name)))])));
        return command;
    }

    private static Command Show(GlobalOptions global)
    {
        var name = new Argument<string>("NAME") { Description = "A board as `board list` names it." };
        var command = new Command("show", "The channels of one board.") { name };
        global.Report(command, (_, parsed, _) => Task.FromResult<IReport>(Read(parsed.GetRequiredValue(name))));
        return command;
    }

    private static ShowReport Read(string name)
    {
        BoardReadResult result = Node.Sites.Boards.Read(name);
        if (result.Board is { } board) return new ShowReport(board, result.Origin, result.Problems);
        IReadOnlyList<ConfigProblem> errors = [.. result.Problems.Where(p => p.Severity == ProblemSeverity.Error)];
        throw new EdgeException(
            "board.invalid", $"Could not show the board '{name}'.", string.Join(" ", errors.Select(p => p.What)),
            errors.Count == 1 ? errors[0].Fix : $"Mend '{result.Origin}'.", FailureClass.Config);
    }

    private sealed record NamedBoard(string Name, BoardReadResult Result);

    private sealed record ListReport(IReadOnlyList<NamedBoard> Boards) : IReport
    {
        public string Kind => "board list";

        public ReportStatus Status => Boards.Any(b => b.Result.Problems.Count > 0) ? ReportStatus.Warn : ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteStartArray("boards");
            foreach ((string name, BoardReadResult result) in Boards)
            {
                writer.WriteStartObject();
                writer.WriteString("name", name);
                writer.WriteString("origin", result.Origin);
                if (result.Board is { } board)
                {
                    writer.WriteString("title", board.Title);
                    writer.WriteNumber("sensors", Count(board, ChannelKind.Sensor));
                    writer.WriteNumber("outputs", Count(board, ChannelKind.Output));
                }

                ProblemList.Write(writer, result.Problems);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            Table table = Facts.Table("board", "title", "sensors", "outputs", "origin");
            foreach ((string name, BoardReadResult result) in Boards)
            {
                table.AddRow(
                    new Text(name),
                    new Text(result.Board?.Title ?? "(unusable)"),
                    new Text(result.Board is { } s ? $"{Count(s, ChannelKind.Sensor)}" : "-"),
                    new Text(result.Board is { } o ? $"{Count(o, ChannelKind.Output)}" : "-"),
                    new Text(result.Origin));
            }

            console.Write(table);
            foreach ((_, BoardReadResult result) in Boards) ProblemList.Render(console, result.Problems);
        }

        private static int Count(BoardDefinition board, ChannelKind kind) => board.Channels.Count(c => c.Kind == kind);
    }

    private sealed record ShowReport(BoardDefinition Board, string Origin, IReadOnlyList<ConfigProblem> Problems) : IReport
    {
        public string Kind => "board show";

        public ReportStatus Status => ProblemList.StatusOf(Problems);

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("name", Board.Name);
            writer.WriteString("title", Board.Title);
            writer.WriteString("source", Board.Source);
            writer.WriteString("notes", Board.Notes);
            writer.WriteString("origin", Origin);
            writer.WriteStartArray("channels");
            foreach (BoardChannel channel in Board.Channels)
            {
                writer.WriteStartObject();
                writer.WriteString("name", channel.Name);
                writer.WriteString("kind", channel.Kind.Word());
                writer.WriteString("bus", channel.Bus);
                writer.WriteString("unit", channel.Unit);
                writer.WriteString("notes", channel.Notes);
                writer.WriteStartObject("wiring");
                foreach ((string name, string value) in channel.Wiring) writer.WriteString(name, value);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            ProblemList.Write(writer, Problems);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(("board", Board.Name), ("title", Board.Title), ("source", Board.Source), ("notes", Board.Notes), ("origin", Origin)));
            Table table = Facts.Table("channel", "kind", "bus", "unit", "wiring", "notes");
            foreach (BoardChannel channel in Board.Channels)
            {
                table.AddRow(
                    new Text(channel.Name), new Text(channel.Kind.Word()), new Text(channel.Bus), new Text(channel.Unit),
                    new Text(string.Join(' ', channel.Wiring.Select(w => $"{w.Key}={w.Value}"))), new Text(channel.Notes));
            }

            console.Write(table);
            ProblemList.Render(console, Problems);
        }
    }
}
