using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Node;

public sealed class NodeReloadTests : IReloadTarget
{
    private readonly EventLog _events = new(new ManualTime());
    private readonly List<string> _did = [];
    private string? _file = """{"site":"simulated"}""";
    private string? _siteDifference;
    private EdgeException? _siteFault;
    private EdgeException? _journalFault;

    [Fact]
    public async Task A_changed_value_is_journaled_first_and_then_taken_over()
    {
        NodeReload reload = Reload();
        _file = """{"site":"simulated","edge":{"reportIntervalMs":1000},"planner":{"veto":"enforce"}}""";

        Assert.True(await reload.ReloadAsync(CancellationToken.None));

        Assert.Equal(["journal edge.reportIntervalMs 5000 -> 1000; planner.veto \"advise\" -> \"enforce\"", "apply 1000 enforce"], _did);
        EdgeEvent told = Assert.Single(Told());
        Assert.Equal((EventTypes.Config, EventSeverity.Info), (told.Type, told.Severity));

        // From here on that is what the node runs.
        Assert.True(await reload.ReloadAsync(CancellationToken.None));
        Assert.Equal(2, _did.Count);
        Assert.Contains("says what the node runs", Told()[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"site":"simulated","edge":{"reportIntervalMs":1000,"safetyTickMs":3000},"port":"x"}""", "edge.safetyTickMs", "port")]
    [InlineData("""{"site":"simulated","edge":{"reportIntervalMs":1000},"port":18790,"name":"other"}""", "port 18789 -> 18790 needs a restart", "name none -> \"other\" needs a restart")]
    [InlineData("""{"site":"other.json","edge":{"reportIntervalMs":1000}}""", "site \"simulated\" -> \"other.json\" needs a restart", "safe state")]
    [InlineData("""{"site": simulated""", "not JSON", "nothing has changed")]
    public async Task One_thing_that_cannot_be_taken_over_keeps_everything_as_it_is_and_all_are_named(string file, string first, string second)
    {
        NodeReload reload = Reload();
        _file = file;

        Assert.False(await reload.ReloadAsync(CancellationToken.None));

        Assert.Empty(_did);
        EdgeEvent told = Assert.Single(Told());
        Assert.Equal((EventSeverity.Error, FailureClass.Config), (told.Severity, told.FailureClass!.Value));
        Assert.Contains(first, told.Message, StringComparison.Ordinal);
        Assert.Contains(second, told.Message, StringComparison.Ordinal);

        // The file is put right again: the next reading finds what runs.
        _file = """{"site":"simulated"}""";
        Assert.True(await reload.ReloadAsync(CancellationToken.None));
        Assert.Empty(_did);
    }

    [Fact]
    public async Task A_site_that_is_another_now_or_wrong_takes_nothing_over()
    {
        NodeReload reload = Reload();
        _file = """{"site":"simulated","edge":{"reportIntervalMs":1000}}""";
        _siteDifference = "The file of site 'simulated' is not the one this node runs.";
        Assert.False(await reload.ReloadAsync(CancellationToken.None));

        (_siteDifference, _siteFault) = (null, new EdgeException("site.invalid", "Site cannot be used.", "sensors[0].", "Mend it.", FailureClass.Config));
        Assert.False(await reload.ReloadAsync(CancellationToken.None));

        Assert.Empty(_did);
        Assert.Contains("sensors[0].", Told()[0].Message, StringComparison.Ordinal);
        _siteFault = null;
        Assert.True(await reload.ReloadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Without_a_record_nothing_is_taken_over()
    {
        NodeReload reload = Reload();
        _file = """{"site":"simulated","edge":{"reportIntervalMs":1000}}""";
        _journalFault = new EdgeException(GateCodes.JournalUnavailable, "Not written.", "The disk is full.", "Make room.", FailureClass.Storage);

        Assert.False(await reload.ReloadAsync(CancellationToken.None));

        Assert.Empty(_did);
        Assert.Contains("The disk is full.", Assert.Single(Told()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_changes_nothing()
    {
        var reload = new NodeReload(Read(), () => throw new EdgeException("config.invalid", "Could not read.", "Permission denied.", "Let it.", FailureClass.Config), this, _events);

        Assert.False(await reload.ReloadAsync(CancellationToken.None));

        Assert.Contains("Permission denied.", Assert.Single(Told()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_gone_takes_nothing_over()
    {
        _file = """{"site":"simulated","edge":{"reportIntervalMs":1000}}""";
        NodeReload reload = Reload();
        _file = null;

        Assert.False(await reload.ReloadAsync(CancellationToken.None));

        Assert.Empty(_did);
        EdgeEvent told = Assert.Single(Told());
        Assert.Contains("node.json was there", told.Message, StringComparison.Ordinal);
        Assert.True(told.OperatorOnly);
    }

    [Fact]
    public async Task A_key_nobody_knows_takes_nothing_over_unless_it_stood_there_at_the_start()
    {
        _file = """{"site":"simulated","zones":{}}""";
        NodeReload reload = Reload();
        _file = """{"site":"simulated","zones":{},"edge":{"reportInterval":1000}}""";
        Assert.False(await reload.ReloadAsync(CancellationToken.None));
        Assert.Contains("edge.reportInterval:", Told()[0].Message, StringComparison.Ordinal);
        Assert.DoesNotContain("zones:", Told()[0].Message, StringComparison.Ordinal);

        _file = """{"site":"simulated","zones":{},"edge":{"reportIntervalMs":1000}}""";
        Assert.True(await reload.ReloadAsync(CancellationToken.None));
        Assert.Single(_did, d => d.StartsWith("apply", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_a_list_the_record_says_what_was_added_and_removed_whole()
    {
        string[] many = [.. Enumerable.Range(0, 30).Select(i => $"actuator:valve:zone-{i}")];
        string Outputs(IEnumerable<string> names) => JsonSerializer.Serialize(new Dictionary<string, object> { ["site"] = "simulated", [ConfigKeys.RequireSignature] = names.ToArray() });
        _file = Outputs(many);
        NodeReload reload = Reload();
        _file = Outputs([.. many[..29], "actuator:valve:zone-99"]);

        Assert.True(await reload.ReloadAsync(CancellationToken.None));

        Assert.Equal($"journal {ConfigKeys.RequireSignature} added \"actuator:valve:zone-99\", removed \"actuator:valve:zone-29\"", _did[0]);
    }

    [Fact]
    public void Every_key_says_when_it_takes_effect_and_says_it_once()
    {
        Assert.Equal(ConfigKeys.All.Select(k => k.Key).Order(StringComparer.Ordinal), ReloadKeys.AtOnce.Concat(ReloadKeys.AfterRestart.Keys).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false, "/run/notify", null, true)]
    [InlineData(false, null, "0123", true)]
    [InlineData(false, null, null, false)]
    [InlineData(true, "/run/notify", "0123", false)]
    [InlineData(false, "", "", false)]
    public void Only_a_process_of_systemd_without_a_terminal_reloads_at_a_hangup(bool terminal, string? notify, string? invocation, bool reloads)
    {
        var environment = new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = notify, ["INVOCATION_ID"] = invocation };

        Assert.Equal(reloads, ClawMesh.Edge.Agent.Cli.Verbs.RunVerb.IsService(environment.GetValueOrDefault, terminal));
    }

    string? IReloadTarget.SiteDifference(string site) => _siteFault is null ? _siteDifference : throw _siteFault;

    Task IReloadTarget.JournalAsync(string detail, CancellationToken cancellationToken)
    {
        if (_journalFault is not null) throw _journalFault;
        _did.Add($"journal {detail}");
        return Task.CompletedTask;
    }

    void IReloadTarget.Apply(NodeConfig config) => _did.Add($"apply {config.Number(ConfigKeys.ReportIntervalMs)} {config.Text(ConfigKeys.PlannerVeto)}");

    private NodeReload Reload() => new(Read(), Read, this, _events);

    private NodeConfig Read() => NodeConfig.Read(_file, "node.json", new Dictionary<string, (string, JsonElement)>());

    private IReadOnlyList<EdgeEvent> Told() => _events.Newest(10);
}
