using System.Text.Json;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class DiagVerbTests : IDisposable
{
    private const string LittleMemory = "MemTotal:       1000000 kB\nMemFree:          10000 kB\nMemAvailable:     50000 kB\n";

    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Fact]
    public async Task An_unknown_group_is_a_usage_error_that_names_the_groups()
    {
        Assert.Equal(2, await _diag.RunAsync("plumbing"));
        Assert.StartsWith("error: cli.usage", _diag.Error, StringComparison.Ordinal);
        Assert.Contains("'plumbing'", _diag.Error, StringComparison.Ordinal);
        foreach (IDiagGroup group in DiagGroups.All) Assert.Contains(group.Name, _diag.Error, StringComparison.Ordinal);
        Assert.Equal("", _diag.Output);
    }

    [Fact]
    public async Task On_a_bare_machine_nothing_fails_and_every_check_has_the_shape_of_the_design()
    {
        int exit = await _diag.RunAsync("--json");
        JsonElement envelope = JsonDocument.Parse(_diag.Output).RootElement;

        Assert.Equal(0, exit);
        Assert.Equal(1, _diag.Output.Count(c => c == '\n'));
        Assert.Equal(["kind", "schema", "status", "data"], Names(envelope));
        Assert.Equal("diag", envelope.GetProperty("kind").GetString());
        Assert.Equal(["checks", "summary"], Names(envelope.GetProperty("data")));
        Assert.Equal(["pass", "warn", "fail", "skip"], Names(envelope.GetProperty("data").GetProperty("summary")));

        JsonElement[] checks = [.. DiagBench.Checks(envelope)];
        Assert.Equal(DiagGroups.All.Select(g => g.Name), checks.Select(c => c.GetProperty("group").GetString()).Distinct());
        Assert.Equal(checks.Length, checks.Select(c => c.GetProperty("id").GetString()).Distinct().Count());
        foreach (JsonElement check in checks)
        {
            Assert.Equal(["id", "group", "status", "summary", "details", "values", "durationMs"], Names(check).Except(["failureClass", "fix"]));
            Assert.StartsWith(check.GetProperty("group").GetString() + ".", check.GetProperty("id").GetString(), StringComparison.Ordinal);
            Assert.NotEqual("", check.Summary());
            Assert.NotEqual("fail", check.Status());
            if (check.Status() == "warn") Assert.NotEqual("", check.Fix());
        }

        foreach (CheckStatus status in Enum.GetValues<CheckStatus>())
        {
            Assert.Equal(checks.Count(c => c.Status() == status.Word()), envelope.GetProperty("data").GetProperty("summary").GetProperty(status.Word()).GetInt32());
        }
    }

    [Fact]
    public async Task Looking_makes_neither_the_state_directory_nor_an_identity()
    {
        await _diag.RunAsync();
        Assert.False(Directory.Exists(_diag.State.Path));

        _diag.Simulated();
        Dictionary<string, string> before = _diag.Snapshot();
        await _diag.RunAsync();

        Assert.Equal(before, _diag.Snapshot());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_diag.Scratch));
    }

    [Fact]
    public async Task Only_the_named_groups_are_looked_at()
    {
        JsonElement envelope = await _diag.JsonAsync("trust", "platform");

        Assert.Equal(["platform", "trust"], DiagBench.Checks(envelope).Select(c => c.GetProperty("group").GetString()).Distinct());
    }

    [Fact]
    public async Task A_warning_ends_with_0_and_with_1_when_strict()
    {
        _diag.Machine("proc/meminfo", LittleMemory);

        Assert.Equal(0, await _diag.RunAsync("platform"));
        Assert.Equal(1, await _diag.RunAsync("platform", "--strict"));
        Assert.Equal("warn", (await _diag.JsonAsync("platform", "--strict")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_fail_ends_with_1()
    {
        _diag.Machine("proc/meminfo", LittleMemory.Replace("50000", "5000", StringComparison.Ordinal));

        Assert.Equal(1, await _diag.RunAsync("platform"));
        Assert.Equal("fail", (await _diag.JsonAsync("platform")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_text_has_one_line_a_check_with_why_and_fix_below_what_is_not_fine()
    {
        _diag.Energise(DiagBench.Valve);

        Assert.Equal(1, await _diag.RunAsync("io", "storage"));

        string[] lines = _diag.Output.Split('\n', StringSplitOptions.TrimEntries);
        int at = Array.FindIndex(lines, l => l.StartsWith("fail  actuator:valve:zone-1", StringComparison.Ordinal));
        Assert.True(at > 0, _diag.Output);
        Assert.StartsWith("why  ", lines[at + 1], StringComparison.Ordinal);
        Assert.StartsWith("fix  `clawmesh-edge safe-state`", lines[at + 2], StringComparison.Ordinal);
        Assert.Contains("io", lines);
        Assert.Contains("storage", lines);
        Assert.Matches(@"^\d+ pass, \d+ warn, 1 fail, \d+ skip$", lines.Last(l => l.Length > 0));
        Assert.DoesNotContain("plausible is", _diag.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Details_of_what_is_fine_are_shown_on_request()
    {
        _diag.Simulated();

        await _diag.RunAsync("io", "-v");

        Assert.Contains("plausible is", _diag.Output, StringComparison.Ordinal);
        Assert.Contains(" ms)", _diag.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_from_elsewhere_neither_forges_a_line_nor_steers_the_terminal()
    {
        using var output = new StringWriter();
        var console = Spectre.Console.AnsiConsole.Create(new Spectre.Console.AnsiConsoleSettings { Out = new Spectre.Console.AnsiConsoleOutput(output) });
        CheckOutcome hostile = CheckOutcome.Fail(FailureClass.Config, "a\n  pass  forged [red]\u001b[2J", "fix\u0007");

        new DiagReport([new CheckResult("io", "site\u001b", hostile, TimeSpan.Zero)], Verbose: false).Render(console);

        Assert.DoesNotContain('\u001b', output.ToString());
        Assert.DoesNotContain('\u0007', output.ToString());
        Assert.Contains("[red]", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\n  pass", output.ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(m => m.Name);
}
