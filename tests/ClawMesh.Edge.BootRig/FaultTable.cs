using System.Globalization;
using System.Text;

namespace ClawMesh.Edge.BootRig;

/// <summary>One fault and what it cost.</summary>
internal sealed class FaultRow(string fault)
{
    private readonly List<string> _problems = [];

    public string Fault { get; } = fault;

    public string Safe { get; set; } = "";

    public string Rejoin { get; set; } = "";

    public string Lost { get; set; } = "";

    public IReadOnlyList<string> Problems => _problems;

    public void Problem(string what) => _problems.Add(what);

    public void Expect(bool holds, string otherwise)
    {
        if (!holds) _problems.Add(otherwise);
    }
}

internal static class FaultTable
{
    public static string Seconds(TimeSpan? time) => time is { } t ? string.Create(CultureInfo.InvariantCulture, $"{t.TotalSeconds:0.0} s") : "never";

    public static string Render(IReadOnlyList<FaultRow> rows)
    {
        var text = new StringBuilder("| fault | time to safe outputs | time to rejoin | data lost |\n|---|---|---|---|\n");
        foreach (FaultRow row in rows) text.Append(CultureInfo.InvariantCulture, $"| {row.Fault} | {row.Safe} | {row.Rejoin} | {row.Lost} |\n");
        foreach (FaultRow row in rows)
        {
            foreach (string problem in row.Problems) text.Append(CultureInfo.InvariantCulture, $"\nFAILED {row.Fault}: {problem}");
        }

        return text.ToString();
    }
}
