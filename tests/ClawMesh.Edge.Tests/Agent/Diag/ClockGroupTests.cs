using System.Text.Json;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Tests.Agent.Cli;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class ClockGroupTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 6, 0, 0, TimeSpan.Zero);
    private static readonly NodeAnswer NoNode = new(NodePresence.None, default, 0, "");

    [Fact]
    public void An_unsynchronised_clock_is_a_warning_that_says_what_would_clear_it()
    {
        var facts = new ClockFacts(ClockClass.Unsynchronised, "no battery-backed clock", "Run an NTP client.", false, double.NaN, Now, TimeSpan.Zero, null, false);

        CheckOutcome outcome = ClockGroup.Source(facts, NoNode);

        Assert.Equal((CheckStatus.Warn, "Run an NTP client."), (outcome.Status, outcome.Fix));
    }

    [Fact]
    public void A_running_node_is_believed_about_its_clock()
    {
        var facts = new ClockFacts(ClockClass.Unsynchronised, "", "Run an NTP client.", false, double.NaN, Now, TimeSpan.Zero, null, false);
        JsonElement edge = JsonDocument.Parse("""{"clock":{"class":"operator","source":"set by anna","offsetMs":-90000,"clears":"NTP"}}""").RootElement;

        CheckOutcome outcome = ClockGroup.Source(facts, new NodeAnswer(NodePresence.Answers, edge, 1, ""));

        Assert.Equal((CheckStatus.Pass, "operator: set by anna, offset -90 s"), (outcome.Status, outcome.Summary));
    }

    [Fact]
    [Trait("spec", "X-37")]
    public void What_the_peers_say_is_told_beside_what_would_clear_it()
    {
        var facts = new ClockFacts(ClockClass.Unsynchronised, "", "", false, double.NaN, Now, TimeSpan.Zero, null, false);
        JsonElement edge = JsonDocument.Parse("""{"clock":{"class":"unsynchronised","source":"2 of 3 contradict","offsetMs":0,"clears":"Set it.","peers":{"known":3,"agree":1,"aheadMs":-61500}}}""").RootElement;

        CheckOutcome outcome = ClockGroup.Source(facts, new NodeAnswer(NodePresence.Answers, edge, 1, ""));

        Assert.Equal((CheckStatus.Warn, "Set it."), (outcome.Status, outcome.Fix));
        Assert.Contains("1 of 3 Edge peers agree within 10 s; their median is 61.5 s behind", outcome.Details);
    }

    [Theory]
    [InlineData(-3600, "pass")]
    [InlineData(4, "pass")]
    [InlineData(6, "warn")]
    public void A_wall_clock_behind_the_newest_record_is_a_warning(int recordSecondsAhead, string status) =>
        Assert.Equal(status, ClockGroup.Compare(Now, Now.AddSeconds(recordSecondsAhead)).Status.Word());

    [Fact]
    public async Task The_newest_record_is_read_without_a_node()
    {
        using var diag = new DiagBench();
        (await diag.CheckAsync("clock.journal")).Has("skip", "no journal yet");

        diag.MakeState();
        await StoredJournal.WriteAsync(diag.State);

        (await diag.CheckAsync("clock.journal")).Has("pass", "not behind");
    }
}
