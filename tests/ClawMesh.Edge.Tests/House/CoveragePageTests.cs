using System.Text;
using System.Text.RegularExpressions;

namespace ClawMesh.Edge.Tests.House;

/// <summary>
/// Which test proves which rule of the wire. The page is made from the traits in the test sources; a rule that no test cites says why.
/// <c>make pages</c> writes it.
/// </summary>
public sealed partial class CoveragePageTests
{
    private const string Path = "docs/protocol/coverage.md";
    private const int Rules = 169;
    private const int ExtensionRules = 82;
    private const int Named = 4;

    private static readonly Dictionary<int, string> NotCited = UncitedRules.Reasons;
    private static readonly Dictionary<int, string> ExtensionsNotCited = UncitedRules.ExtensionReasons;

    [Fact]
    public void The_page_about_the_wire_s_rules_is_what_the_tests_cite()
    {
        string page = Render(Cited());
        if (Environment.GetEnvironmentVariable("CLAWMESH_WRITE_PAGES") == "1") File.WriteAllText(System.IO.Path.Combine(Repository.Root, Path), page);

        Assert.Equal(page, File.ReadAllText(System.IO.Path.Combine(Repository.Root, Path)));
    }

    [Fact]
    public void Every_rule_of_the_wire_is_cited_by_a_test_or_says_why_it_cannot_be() => Complete("W", Rules, NotCited);

    [Fact]
    public void Every_rule_of_the_extensions_is_cited_by_a_test_or_says_why_it_cannot_be() => Complete("X", ExtensionRules, ExtensionsNotCited);

    private static void Complete(string letter, int rules, Dictionary<int, string> reasons)
    {
        SortedDictionary<string, List<string>> cited = Cited();

        int[] silent = [.. Enumerable.Range(1, rules).Where(n => !cited.ContainsKey($"{letter}-{n}") && !reasons.ContainsKey(n))];
        int[] stale = [.. reasons.Keys.Where(n => cited.ContainsKey($"{letter}-{n}"))];
        string[] unknown = [.. cited.Keys.Where(r => r[0] == letter[0] && int.Parse(r[2..], System.Globalization.CultureInfo.InvariantCulture) is var n && (n < 1 || n > rules))];

        Assert.True(silent.Length == 0, $"No test cites, and no reason explains: {string.Join(", ", silent.Select(n => $"{letter}-{n}"))}.");
        Assert.True(stale.Length == 0, $"A test cites these now; take their reasons out: {string.Join(", ", stale.Select(n => $"{letter}-{n}"))}.");
        Assert.True(unknown.Length == 0, $"There are no such rules: {string.Join(", ", unknown)}.");
    }

    private static string Render(SortedDictionary<string, List<string>> cited)
    {
        var page = new StringBuilder();
        page.Append("""
            # Coverage of the wire

            <!-- Made from the traits in tests/ by CoveragePageTests; `make pages` writes it, a test keeps it so. -->

            Each rule of the ClawMesh wire (`W-n`) and of the Edge extensions (`X-n`) with the tests that cite it, or why none can. A
            citation says that the test was written to prove the rule, not that the rule is proved in every corner.

            | rule | tests |
            |---|---|

            """.ReplaceLineEndings("\n"));
        Append("W", Rules, NotCited);
        Append("X", ExtensionRules, ExtensionsNotCited);
        return page.ToString();

        void Append(string letter, int rules, Dictionary<int, string> reasons)
        {
            for (int n = 1; n <= rules; n++)
            {
                string cell = cited.TryGetValue($"{letter}-{n}", out List<string>? tests) ? Tests(tests) : $"none: {reasons.GetValueOrDefault(n, "")}";
                page.Append("| ").Append(letter).Append('-').Append(n).Append(" | ").Append(cell).Append(" |\n");
            }
        }
    }

    private static string Tests(List<string> tests)
    {
        tests.Sort(StringComparer.Ordinal);
        string named = string.Join(", ", tests.Take(Named).Select(t => $"`{t}`"));
        return tests.Count > Named ? $"{named} and {tests.Count - Named} more" : named;
    }

    // Rule to "Class.Method"; a trait of a class counts for the class.
    private static SortedDictionary<string, List<string>> Cited()
    {
        var cited = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (RepositoryFile file in Repository.CSharp("tests"))
        {
            string type = "";
            var waiting = new List<string>();
            foreach (string line in file.Text.Split('\n'))
            {
                waiting.AddRange(Spec().Matches(line).Select(m => m.Groups["rule"].Value));
                if (Type().Match(line) is { Success: true } declared)
                {
                    type = declared.Groups["name"].Value;
                    Take(type);
                }
                else if (Method().Match(line) is { Success: true } method)
                {
                    Take($"{type}.{method.Groups["name"].Value}");
                }
            }

            void Take(string test)
            {
                foreach (string rule in waiting)
                {
                    if (!cited.TryGetValue(rule, out List<string>? tests)) cited[rule] = tests = [];
                    if (!tests.Contains(test)) tests.Add(test);
                }

                waiting.Clear();
            }
        }

        return cited;
    }

    [GeneratedRegex(@"Trait\(""spec"", ""(?<rule>[WX]-\d+)""\)")]
    private static partial Regex Spec();

    [GeneratedRegex(@"^\s*(?:public|internal)\s+(?:sealed\s+|static\s+|abstract\s+|partial\s+)*class\s+(?<name>\w+)")]
    private static partial Regex Type();

    [GeneratedRegex(@"^\s*public\s+(?:async\s+|static\s+)*(?:Task|ValueTask|void)\s+(?<name>\w+)\(")]
    private static partial Regex Method();
}
