using System.Globalization;
using System.Text.RegularExpressions;

namespace ClawMesh.Edge.Rig;

/// <summary>A number a scenario measured in the guest.</summary>
internal sealed record Figure(string Name, double Value, string Unit);

/// <summary>What the guest printed, line by line: <c>begin</c>, <c>ok</c>, <c>not ok</c>, <c>figure</c>, <c>end</c>, and whatever else.</summary>
internal sealed partial class RigConsole
{
    private const int ExcerptLines = 60;
    private readonly string[] _lines;

    public RigConsole(IEnumerable<string> lines) => _lines = [.. lines.Select(l => l.TrimEnd('\r'))];

    public IEnumerable<Figure> Figures => _lines.Select(l => FigureLine().Match(l)).Where(m => m.Success)
        .Select(m => new Figure(m.Groups["name"].Value, double.Parse(m.Groups["value"].Value, CultureInfo.InvariantCulture), m.Groups["unit"].Value));

    /// <summary>What is wrong with a scenario; empty when it ended and every check its script names was reported ok.</summary>
    /// <param name="script">The text of the scenario's script, which names the checks.</param>
    public IReadOnlyList<string> Problems(string scenario, string script)
    {
        string ok = $"ok {scenario}: ";
        string notOk = $"not ok {scenario}: ";
        string[] passed = [.. _lines.Where(l => l.StartsWith(ok, StringComparison.Ordinal)).Select(l => l[ok.Length..])];
        string[] failed = [.. _lines.Where(l => l.StartsWith(notOk, StringComparison.Ordinal))];
        string[] expected = [.. ChecksIn(script)];

        List<string> problems = [.. failed];
        if (expected.Length == 0) problems.Add($"{scenario}: its script names no check");
        foreach (string name in expected)
        {
            Regex reported = Pattern(name);
            if (!passed.Any(reported.IsMatch) && !failed.Any(l => reported.IsMatch(l[notOk.Length..].Split(": got '")[0]))) problems.Add($"{scenario}: never reported: {name}");
        }

        if (!_lines.Any(l => l.StartsWith($"end {scenario} ", StringComparison.Ordinal))) problems.Add($"{scenario}: did not end");
        return problems;
    }

    /// <summary>The last lines of a scenario, for a message; of everything, when it never began.</summary>
    public string Excerpt(string? scenario = null)
    {
        int from = scenario is null ? -1 : Array.IndexOf(_lines, $"begin {scenario}");
        int to = from < 0 ? -1 : Array.FindIndex(_lines, from, l => l.StartsWith("end ", StringComparison.Ordinal));
        string[] own = _lines[Math.Max(from, 0)..(to < 0 ? _lines.Length : to + 1)];
        return string.Join('\n', own.Length > ExcerptLines ? ["…", .. own[^ExcerptLines..]] : own);
    }

    /// <summary>The names of the checks a script makes, as they stand there.</summary>
    public static IEnumerable<string> ChecksIn(string script) => CheckLine().Matches(script).Select(m => m.Groups["name"].Value);

    // A name may hold shell variables, which can stand for anything.
    private static Regex Pattern(string name) => new($"^{string.Join(".+", Variable().Split(name).Select(Regex.Escape))}$", RegexOptions.CultureInvariant);

    [GeneratedRegex("""^[ \t]*(?:eq|match|within) +"(?<name>[^"]+)" """, RegexOptions.Multiline)]
    private static partial Regex CheckLine();

    [GeneratedRegex(@"\$(?:\w+|\{\w+\})")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^figure (?<name>\S+) (?<value>-?[0-9.]+) (?<unit>\S+)$")]
    private static partial Regex FigureLine();
}
