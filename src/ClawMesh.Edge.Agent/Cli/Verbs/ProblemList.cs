using System.Text.Json;
using ClawMesh.Edge.Core.Sites;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>The problems of a configuration file, all of them, each with its place and its fix.</summary>
internal static class ProblemList
{
    public static ReportStatus StatusOf(IReadOnlyList<ConfigProblem> problems) =>
        problems.Any(p => p.Severity == ProblemSeverity.Error) ? ReportStatus.Fail : problems.Count > 0 ? ReportStatus.Warn : ReportStatus.Ok;

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<ConfigProblem> problems)
    {
        writer.WriteStartArray("problems");
        foreach (ConfigProblem problem in problems)
        {
            writer.WriteStartObject();
            writer.WriteString("severity", Word(problem.Severity));
            writer.WriteString("path", problem.Path);
            writer.WriteString("what", problem.What);
            writer.WriteString("fix", problem.Fix);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    public static void Render(IAnsiConsole console, IReadOnlyList<ConfigProblem> problems)
    {
        foreach (ConfigProblem problem in problems)
        {
            string colour = problem.Severity == ProblemSeverity.Error ? "red" : "yellow";
            console.MarkupLine($"[{colour}]{Word(problem.Severity)}[/] {Markup.Escape(problem.Path)}");
            console.Write(new Padder(Facts.Grid(("what", problem.What), ("fix", problem.Fix)), new Padding(2, 0, 0, 0)));
        }
    }

    public static string Summary(IReadOnlyList<ConfigProblem> problems)
    {
        int errors = problems.Count(p => p.Severity == ProblemSeverity.Error);
        int warnings = problems.Count - errors;
        return (errors, warnings) switch
        {
            (0, 0) => "No problems.",
            (_, 0) => $"{Counted(errors, "error")}.",
            (0, _) => $"{Counted(warnings, "warning")}.",
            _ => $"{Counted(errors, "error")}, {Counted(warnings, "warning")}.",
        };
    }

    private static string Counted(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private static string Word(ProblemSeverity severity) => severity == ProblemSeverity.Error ? "error" : "warning";
}

/// <summary>The answer of <c>config check</c> and <c>site check</c>.</summary>
/// <param name="About">What was checked; the names are members of <c>data</c>.</param>
internal sealed record CheckReport(string Kind, IReadOnlyList<(string Name, string Value)> About, IReadOnlyList<ConfigProblem> Problems) : IReport
{
    public ReportStatus Status => ProblemList.StatusOf(Problems);

    /// <summary>A file with errors is bad configuration, whoever asks.</summary>
    public int ExitCode => Status == ReportStatus.Fail ? ExitCodes.Usage : ExitCodes.Ok;

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach ((string name, string value) in About) writer.WriteString(name, value);
        writer.WriteNumber("errors", Problems.Count(p => p.Severity == ProblemSeverity.Error));
        writer.WriteNumber("warnings", Problems.Count(p => p.Severity == ProblemSeverity.Warning));
        ProblemList.Write(writer, Problems);
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        console.Write(Facts.Grid([.. About]));
        ProblemList.Render(console, Problems);
        console.WriteLine(ProblemList.Summary(Problems));
    }
}
