using System.Globalization;
using ClawMesh.Edge.Agent.Cli.Verbs;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Draws a report for people: one line a check, why and fix under what is not fine. Off a terminal lines are never broken, so that grep finds them whole.</summary>
internal sealed class DiagPage(IAnsiConsole console)
{
    private const int NarrowestText = 30;
    private const int WidestName = 32;

    /// <summary>Two blanks, a word of four letters, two blanks.</summary>
    private const int StatusColumns = 8;

    private readonly bool _terminal = console.Profile.Out.IsTerminal;

    public void Draw(DiagReport report)
    {
        int names = Math.Min(WidestName, report.Checks.Select(c => c.Name.Length).DefaultIfEmpty().Max());
        foreach (IGrouping<string, CheckResult> group in report.Checks.GroupBy(c => c.Group))
        {
            Line(group.Key, new Style(decoration: Decoration.Bold));
            foreach (CheckResult check in group) Draw(check, names, report.Verbose);
        }

        Line("", Style.Plain);
        Line(string.Join(", ", Enum.GetValues<CheckStatus>().Select(s => string.Create(CultureInfo.InvariantCulture, $"{report.Count(s)} {s.Word()}"))), Style.Plain);
    }

    private void Draw(CheckResult check, int names, bool verbose)
    {
        CheckOutcome outcome = check.Outcome;
        string took = verbose ? string.Create(CultureInfo.InvariantCulture, $" ({check.Duration.TotalMilliseconds:0} ms)") : "";
        int indent = StatusColumns + names + 2;
        IReadOnlyList<string> lines = Broken(outcome.Summary + took, indent);
        Write("  ", Style.Plain);
        Write(outcome.Status.Word(), StyleOf(outcome.Status));
        Line($"  {Facts.Plain(check.Name).PadRight(names)}  {lines[0]}", Style.Plain);
        foreach (string line in lines.Skip(1)) Line(new string(' ', indent) + line, Style.Plain);

        bool troubled = outcome.Status is CheckStatus.Fail or CheckStatus.Warn;
        if (troubled || verbose) Labelled(troubled ? "why" : "", outcome.Details);
        if (outcome.Fix is { } fix) Labelled("fix", [fix]);
    }

    private void Labelled(string label, IReadOnlyList<string> texts)
    {
        foreach (string text in texts)
        {
            foreach (string line in Broken(text, StatusColumns + 5))
            {
                Line($"{new string(' ', StatusColumns)}{label,-3}  {line}", Style.Plain);
                label = "";
            }
        }
    }

    private List<string> Broken(string text, int indent)
    {
        // Nobody's file name may forge a line of this page or send codes to the terminal.
        string clean = Facts.Plain(text);
        if (!_terminal) return [clean];

        int width = Math.Max(NarrowestText, console.Profile.Width - indent - 1);
        var lines = new List<string>();
        while (clean.Length > width)
        {
            int blank = clean.LastIndexOf(' ', width);
            int end = blank > 0 ? blank : width;
            lines.Add(clean[..end]);
            clean = clean[end..].TrimStart();
        }

        lines.Add(clean);
        return lines;
    }

    private void Write(string text, Style style)
    {
        if (_terminal) console.Write(text, style);
        else console.Profile.Out.Writer.Write(text);
    }

    private void Line(string text, Style style)
    {
        Write(text, style);
        Write(Environment.NewLine, Style.Plain);
    }

    private static Style StyleOf(CheckStatus status) => status switch
    {
        CheckStatus.Pass => new Style(Color.Green),
        CheckStatus.Warn => new Style(Color.Yellow),
        CheckStatus.Fail => new Style(Color.Red, decoration: Decoration.Bold),
        _ => new Style(Color.Grey),
    };
}
