using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary><c>peer.leaving</c> and <c>peer.down</c>: who says it, and who believes it.</summary>
public class GoodbyeTests
{
    [Fact]
    [Trait("spec", "W-157")]
    public void Only_the_dialler_of_a_lost_session_reports_it_and_to_all_its_others() => Field.EachSeed(field =>
    {
        // a dialled b; c dialled both; so b's loss is an outbound loss for a and c, and an inbound one for d.
        SimulatedNode d = field.Node("d");
        SimulatedNode b = field.Node("b", "field", d);
        SimulatedNode e = field.Node("e");
        SimulatedNode a = field.Node("a", "field", b, e);
        SimulatedNode f = field.Node("f", "field", d);
        field.Until(() => a.Mesh.Sessions.Count == 2 && d.Mesh.Sessions.Count == 2, 5, "everybody is connected");
        field.Network.Kill(b);
        field.Run(5);
        Assert.Single(field.Sent(a, e), t => Reports(t, b));
        Assert.DoesNotContain(field.Sent(d, f), t => t.Contains("peer.down", StringComparison.Ordinal));
        Assert.Contains("\"gen\":1", field.Sent(a, e).Single(t => Reports(t, b)), StringComparison.Ordinal);
    });

    [Fact]
    [Trait("spec", "W-157")]
    [Trait("spec", "W-24")]
    public void A_session_this_node_ended_by_its_own_decision_is_not_reported() => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        SimulatedNode e = field.Node("e");
        SimulatedNode a = field.Node("a", "field", b, e);
        field.Until(() => a.Mesh.Sessions.Count == 2, 5, "everybody is connected");
        a.Trust.Remove(b.DeviceId);
        field.Until(() => !a.IsConnected(b), 2, "the session ends");
        field.Run(5);
        Assert.DoesNotContain(field.Sent(a, e), t => t.Contains("peer.down", StringComparison.Ordinal));
    });

    [Fact]
    [Trait("spec", "W-158")]
    [Trait("spec", "W-159")]
    public void A_report_about_a_silent_peer_is_checked_by_an_own_probe_and_ignored_when_it_answers() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b, ClassicLink reporter) = Triangle(field);
        field.Network.Cut(a, b);
        field.Run(6.5);
        Report(reporter, b);
        field.Run(0.5);
        Assert.Single(Probes(field, a, b));
        field.Network.Mend(a, b);
        field.Run(10);
        Assert.True(a.IsConnected(b));
        Assert.Equal(1, a.Mesh.Counters[MeshCounter.PeerDownIgnored]);
        Assert.False(a.Mesh.Suppression.IsSuppressed(b.DeviceId));
    });

    [Fact]
    [Trait("spec", "W-158")]
    [Trait("spec", "W-159")]
    [Trait("spec", "W-43")]
    public void A_reported_peer_that_does_not_answer_the_probe_is_removed_and_marked_dead() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Mesh = o => o with { SuspectAfter = TimeSpan.FromSeconds(60), DownAfter = TimeSpan.FromSeconds(90), DownAnyway = TimeSpan.FromSeconds(120) } });
        SimulatedNode b = field.Node("b", "field", a);
        ClassicLink reporter = field.ClassicDialler("reporter", a).Link;
        field.Until(() => a.IsConnected(b), 5, "b is connected");
        field.Network.Cut(a, b);
        field.Run(8);
        Report(reporter, b);
        field.Run(2.5);
        Assert.True(a.IsConnected(b));
        field.Until(() => !a.IsConnected(b), 1, "the probe has failed");
        Assert.True(a.Mesh.Suppression.IsSuppressed(b.DeviceId));
        Assert.Contains("(peer down)", Field.EventsOf(a, EventTypes.PeerDisconnect)[0].Message, StringComparison.Ordinal);
        Assert.DoesNotContain(a.Mesh.Holders(), h => h.DeviceId == b.DeviceId);
    });

    [Fact]
    [Trait("spec", "W-159")]
    public void A_report_about_a_peer_heard_within_five_seconds_is_ignored_without_a_probe() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b, ClassicLink reporter) = Triangle(field);
        for (int i = 0; i < 20; i++)
        {
            Report(reporter, b);
            field.Run(1);
        }

        Assert.Empty(Probes(field, a, b));
        Assert.Equal(20, a.Mesh.Counters[MeshCounter.PeerDownIgnored]);
        Assert.True(a.IsConnected(b));
    });

    [Fact]
    [Trait("spec", "W-159")]
    public void One_device_is_probed_at_most_once_in_ten_seconds() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Mesh = o => o with { SuspectAfter = TimeSpan.FromSeconds(60), DownAfter = TimeSpan.FromSeconds(90), DownAnyway = TimeSpan.FromSeconds(120) } });
        SimulatedNode b = field.Node("b", "field", a);
        ClassicLink reporter = field.ClassicDialler("reporter", a).Link;
        field.Until(() => a.IsConnected(b), 5, "b is connected");
        for (int i = 0; i < 3; i++)
        {
            // Silent for long enough to be probed, then back before the probe's limit.
            field.Network.Cut(a, b);
            field.Run(6);
            for (int n = 0; n < 20; n++)
            {
                Report(reporter, b);
                field.Run(0.05);
            }

            field.Network.Mend(a, b);
            field.Run(1);
        }

        // Eight seconds between the beginnings: the second falls into the first's pause.
        Assert.Equal(2, Probes(field, a, b).Count);
        Assert.True(a.IsConnected(b));
    });

    [Theory]
    [InlineData("""{"gen":2,"deviceId":"$"}""")]
    [InlineData("""{"gen":1}""")]
    [InlineData("""{"gen":1,"deviceId":"no id"}""")]
    [InlineData("""{"gen":1,"deviceId":"@"}""")]
    [Trait("spec", "W-158")]
    public void A_report_of_another_generation_without_a_device_or_about_ourselves_is_void(string payload) => Field.EachSeed(
        field =>
        {
            (SimulatedNode a, SimulatedNode b, ClassicLink reporter) = Triangle(field);
            field.Network.Cut(a, b);
            field.Run(6.5);
            reporter.Tell("peer.down", payload.Replace("$", b.DeviceId.Value, StringComparison.Ordinal).Replace("@", a.DeviceId.Value, StringComparison.Ordinal));
            field.Run(1);
            Assert.Empty(Probes(field, a, b));
            Assert.Equal(1, a.Mesh.Counters[MeshCounter.PeerDownIgnored]);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-149")]
    [Trait("spec", "W-159")]
    public void A_classic_dialler_that_answers_pings_but_no_request_survives_a_report() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        (ClassicStandIn classic, ClassicLink link) = field.ClassicDialler("classic", a);
        ClassicLink reporter = field.ClassicDialler("reporter", a).Link;
        field.Network.Cut(a, classic);
        field.Run(6);
        reporter.Tell("peer.down", $$"""{"gen":1,"deviceId":"{{classic.DeviceId.Value}}"}""");
        field.Run(0.5);
        field.Network.Mend(a, classic);
        field.Run(20);
        Assert.True(a.IsConnected(classic));
        Assert.Null(link.End);
        Assert.Equal("mesh.health", Assert.Single(link.Requests).Name);
    });

    [Fact]
    [Trait("spec", "W-156")]
    [Trait("spec", "W-160")]
    public void A_node_that_stops_says_goodbye_once_closes_with_1005_and_nobody_reports_it_down() => Field.EachSeed(field =>
    {
        SimulatedNode c = field.Node("c");
        SimulatedNode b = field.Node("b", "field", c);
        SimulatedNode a = field.Node("a", "field", b, c);
        var classic = new ClassicStandIn(field.Network, "classic", Field.Key("classic"));
        Field.Trust(b, "classic");
        ClassicLink link = classic.Dial(b);
        field.Until(() => link.Connected && a.Mesh.Sessions.Count == 2 && b.Mesh.Sessions.Count == 3, 5, "everybody is connected");
        field.Run(1);

        Task stopped = b.Mesh.StopAsync();
        Assert.True(stopped.IsCompletedSuccessfully);
        field.Run(0.1);
        field.Network.Remove(b);
        field.Run(1);
        foreach (ISimulatedEnd peer in (ISimulatedEnd[])[a, c, classic])
            Assert.Single(field.Sent(b, peer), t => t.Contains("\"peer.leaving\"", StringComparison.Ordinal) && t.Contains($"\"deviceId\":\"{b.DeviceId.Value}\"", StringComparison.Ordinal));
        Assert.Equal(1005, link.End?.Status);
        Assert.Equal("", link.End?.Reason);
        Assert.Empty(b.Mesh.Sessions);
        foreach (SimulatedNode other in (SimulatedNode[])[a, c])
        {
            Assert.False(other.IsConnected(b));
            Assert.Contains("(peer leaving)", Field.EventsOf(other, EventTypes.PeerDisconnect)[0].Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(field.Network.AllLinks.SelectMany(l => l.Sent), t => t.Contains("peer.down", StringComparison.Ordinal));
        // The dialler keeps trying ([W-156]); the one that stopped dials nobody.
        int own = field.Network.Dials.Count(d => d.From == "b");
        field.Run(30);
        Assert.Contains(field.Network.Dials, d => d.From == "a" && !d.Reached);
        Assert.Equal(own, field.Network.Dials.Count(d => d.From == "b"));
    });

    [Fact]
    [Trait("spec", "W-156")]
    public void A_goodbye_ends_the_session_it_came_on_whatever_device_it_names_and_not_in_another_generation() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b, ClassicLink reporter) = Triangle(field);
        reporter.Tell("peer.leaving", $$"""{"gen":2,"deviceId":"{{b.DeviceId.Value}}"}""");
        field.Run(1);
        Assert.Equal(2, a.Mesh.Sessions.Count);
        reporter.Tell("peer.leaving", $$"""{"gen":1,"deviceId":"{{b.DeviceId.Value}}"}""");
        field.Run(1);
        Assert.Equal(b.DeviceId, Assert.Single(a.Mesh.Sessions).DeviceId);
    });

    [Fact]
    [Trait("spec", "W-68")]
    public void An_answer_counts_only_on_the_session_on_which_was_asked() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        (ClassicStandIn asked, ClassicLink askedLink) = field.ClassicDialler("asked", a);
        ClassicLink other = field.ClassicDialler("other", a).Link;
        Task<CallResult> call = a.Mesh.Forward.SendAsync(asked.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
        field.Until(() => askedLink.Requests.Count == 1, 1, "the request has come");
        string id = askedLink.Requests[0].Body.GetProperty("id").GetString()!;
        string answer = "{\"type\":\"res\",\"id\":\"" + id + "\",\"ok\":true,\"payload\":{}}";
        other.Send(answer);
        field.Run(1);
        Assert.False(call.IsCompleted);
        Assert.Equal(1, a.Mesh.Counters[MeshCounter.LateResponses]);
        askedLink.Send(answer);
        field.Run(1);
        Assert.True(call.IsCompletedSuccessfully && call.Result.Ok);
    });

    // b dialled a, and so did a classic node that reports.
    private static (SimulatedNode A, SimulatedNode B, ClassicLink Reporter) Triangle(Field field)
    {
        SimulatedNode a = field.Node("a");
        SimulatedNode b = field.Node("b", "field", a);
        ClassicLink reporter = field.ClassicDialler("reporter", a).Link;
        field.Until(() => a.IsConnected(b) && b.IsConnected(a), 5, "b is connected");
        field.Run(3);
        return (a, b, reporter);
    }

    private static void Report(ClassicLink by, SimulatedNode about) => by.Tell("peer.down", $$"""{"gen":1,"deviceId":"{{about.DeviceId.Value}}","reportedAtMs":1}""");

    private static bool Reports(string text, SimulatedNode about) => text.Contains("peer.down", StringComparison.Ordinal) && text.Contains(about.DeviceId.Value, StringComparison.Ordinal);

    private static IReadOnlyList<string> Probes(Field field, SimulatedNode from, SimulatedNode to) => [.. field.Sent(from, to).Where(t => t.Contains("mesh.health", StringComparison.Ordinal))];
}
