using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>board list|show|check|probe-pinmux</c>: the modules this node knows how to wire.</summary>
internal static class BoardVerb
{
    public static Command Build(GlobalOptions global) => new("board", "The boards this node knows: what a site can be wired to.")
    {
        List(global), Show(global), BoardCheckVerb.Build(global), BoardProbeVerb.Build(global),
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
        var command = new Command("show", "The pins, buses and channels of one board.") { name };
        global.Report(command, (_, parsed, _) => Task.FromResult<IReport>(Read(parsed.GetRequiredValue(name))));
        return command;
    }

    private static BoardShowReport Read(string name)
    {
        BoardReadResult result = Node.Sites.Boards.Read(name);
        return new BoardShowReport(OrThrow(result, name), result.Origin, result.Problems);
    }

    /// <exception cref="EdgeException"><c>board.invalid</c>.</exception>
    internal static BoardDefinition Load(string name) => OrThrow(Node.Sites.Boards.Read(name), name);

    private static BoardDefinition OrThrow(BoardReadResult result, string name)
    {
        if (result.Board is { } board) return board;
        IReadOnlyList<ConfigProblem> errors = [.. result.Problems.Where(p => p.Severity == ProblemSeverity.Error)];
        throw new EdgeException(
            "board.invalid", $"Board '{name}' cannot be used.", string.Join(" ", errors.Select(p => p.What)),
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
                    writer.WriteNumber("gpios", Gpios(board));
                    writer.WriteNumber("buses", board.Buses.Count);
                }

                ProblemList.Write(writer, result.Problems);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            Table table = Facts.Table("board", "title", "sensors", "outputs", "gpios", "buses", "origin");
            foreach ((string name, BoardReadResult result) in Boards)
            {
                table.AddRow(
                    new Text(name),
                    new Text(result.Board?.Title ?? "(unusable)"),
                    new Text(result.Board is { } s ? $"{Count(s, ChannelKind.Sensor)}" : "-"),
                    new Text(result.Board is { } o ? $"{Count(o, ChannelKind.Output)}" : "-"),
                    new Text(result.Board is { } g ? $"{Gpios(g)}" : "-"),
                    new Text(result.Board is { } b ? $"{b.Buses.Count}" : "-"),
                    new Text(result.Origin));
            }

            console.Write(table);
            foreach ((_, BoardReadResult result) in Boards) ProblemList.Render(console, result.Problems);
        }

        private static int Count(BoardDefinition board, ChannelKind kind) => board.Channels.Count(c => c.Kind == kind);

        private static int Gpios(BoardDefinition board) => board.Pins.Count(p => p.Gpio is not null);
    }
}
