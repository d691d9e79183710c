using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Half-open cuts: nobody is told, only silence tells.</summary>
public class LivenessTests
{
    [Fact]
    [Trait("spec", "X-34")]
    [Trait("spec", "X-35")]
    public void A_silent_peer_is_suspect_within_six_seconds_and_down_within_twelve_on_both_sides() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b) = Pair(field);
        field.Run(field.Network.Chance.NextDouble() * 20);
        field.Network.Cut(a, b);
        TimeSpan cut = field.Network.Now;
        foreach ((SimulatedNode here, SimulatedNode there) in ((SimulatedNode, SimulatedNode)[])[(a, b), (b, a)])
        {
            field.Until(() => here.Mesh.SessionOf(there.DeviceId) is { State: SessionState.Suspect }, 6 - (field.Network.Now - cut).TotalSeconds, $"{here.Name} suspects {there.Name}");
            Assert.Contains(here.Mesh.Holders(), h => h.DeviceId == there.DeviceId && h.Health == "unhealthy");
            Assert.NotEmpty(Field.EventsOf(here, EventTypes.PeerSuspect));
        }

        field.Until(() => !a.IsConnected(b) && !b.IsConnected(a), 12 - (field.Network.Now - cut).TotalSeconds, "both give up");
        Assert.True(field.Network.Now - cut < TimeSpan.FromSeconds(10), "with health 0 detection stays under 10 s");
        Assert.Equal(2, field.Network.Closes.Count(c => c.Status == 1001));
        Assert.Equal(0, a.Mesh.Health.Multiplier);
    });

    [Fact]
    [Trait("spec", "X-34")]
    public void A_peer_that_only_answers_pings_is_never_suspect() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b) = Pair(field);
        field.Run(120);
        Assert.Empty(Field.EventsOf(a, EventTypes.PeerSuspect));
        Assert.Empty(Field.EventsOf(b, EventTypes.PeerSuspect));
    });

    [Fact]
    [Trait("spec", "X-35")]
    [Trait("spec", "X-80")]
    public void No_command_goes_through_a_suspect_peer_and_none_is_kept_for_later() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b) = Pair(field);
        field.Network.Cut(a, b);
        field.Until(() => a.Mesh.SessionOf(b.DeviceId) is { State: SessionState.Suspect }, 6, "a suspects b");
        Task<CallResult> refused = a.Mesh.Forward.SendAsync(b.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
        Assert.True(refused.IsCompletedSuccessfully);
        Assert.Equal("NOT_CONNECTED", refused.Result.Code);

        field.Network.Mend(a, b);
        field.Until(() => a.Mesh.SessionOf(b.DeviceId) is { State: SessionState.Up }, 3, "b is heard again");
        field.Run(30);
        Assert.DoesNotContain(field.Sent(a, b), t => t.Contains("mesh.message.forward", StringComparison.Ordinal));
        Task<CallResult> passes = a.Mesh.Forward.SendAsync(b.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
        field.Run(1);
        Assert.Equal("TARGET_UNKNOWN", passes.Result.Code);
    });

    [Fact]
    [Trait("spec", "X-35")]
    public void A_peer_heard_again_in_time_keeps_its_session_and_what_was_said_meanwhile_arrives() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b) = Pair(field);
        SimulatedLink link = Assert.Single(field.LinksBetween(a, b));
        field.Network.Cut(a, b);
        field.Run(6);
        string said = b.Observe(1);
        field.Run(0.5);
        field.Network.Mend(a, b);
        field.Until(() => a.Mesh.SessionOf(b.DeviceId) is { State: SessionState.Up } && a.Knows(said), 3, "b is heard again");
        Assert.Same(link, Assert.Single(field.LinksBetween(a, b)));
        Assert.NotEmpty(Field.EventsOf(a, EventTypes.PeerRecovered));
    });

    [Fact]
    [Trait("spec", "X-35")]
    [Trait("spec", "W-42")]
    public void After_a_long_cut_the_pair_finds_together_again_and_catches_up() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b) = Pair(field);
        field.Network.Cut(a, b);
        field.Run(60);
        Assert.Empty(a.Mesh.Sessions);
        string said = b.Observe(1);
        field.Network.Mend(a, b);
        field.Until(() => a.IsConnected(b) && b.IsConnected(a) && a.Knows(said), 40, "the pair is back");
        Assert.Single(field.LinksBetween(a, b));
    });

    [Fact]
    [Trait("spec", "X-33")]
    [Trait("spec", "X-35")]
    public void An_indirect_answer_keeps_a_suspect_until_twelve_seconds() => Field.EachSeed(field =>
    {
        SimulatedNode c = field.Node("c");
        SimulatedNode b = field.Node("b", "field", c);
        SimulatedNode a = field.Node("a", "field", b, c);
        field.Until(() => a.Mesh.Sessions.Count == 2 && b.Mesh.Sessions.Count == 2, 5, "the triangle stands");
        field.Run(10);
        field.Network.Cut(a, b);
        field.Run(9);
        Assert.Equal(SessionState.Suspect, a.Mesh.SessionOf(b.DeviceId)?.State);
        Assert.Contains(field.Sent(a, c), t => t.Contains("\"target\"", StringComparison.Ordinal));
        // The refutation raised the suspicion against itself by one: twelve seconds become fifteen.
        Assert.Equal(1, a.Mesh.Health.Multiplier);
        field.Until(() => !a.IsConnected(b), 7, "no answer of others helps for ever");
    });

    [Fact]
    [Trait("spec", "X-36")]
    public void A_node_that_stood_still_for_five_seconds_declares_nobody_down() => Field.EachSeed(field =>
    {
        SimulatedNode[] others = [.. Enumerable.Range(0, 4).Select(i => field.Node($"p{i}"))];
        SimulatedNode a = field.Node("a", "field", others);
        field.Until(() => a.Mesh.Sessions.Count == 4, 5, "everybody is connected");
        field.Run(field.Network.Chance.NextDouble() * 10);
        Session[] sessions = [.. a.Mesh.Sessions];
        field.Network.Pause(a);
        field.Run(5);
        field.Network.Resume(a);
        field.Run(0.3);
        Assert.InRange(a.Mesh.Health.Multiplier, 1, 8);
        field.Run(30);
        Assert.Equal(sessions, a.Mesh.Sessions);
        Assert.DoesNotContain(field.Network.Closes, c => c.Status == 1001);
        Assert.All(others, o => Assert.DoesNotContain(field.Sent(a, o), t => t.Contains("peer.down", StringComparison.Ordinal)));
    });

    [Fact]
    [Trait("spec", "X-36")]
    [Trait("spec", "W-157")]
    public void A_node_that_loses_many_at_once_suspects_itself_and_reports_nobody() => Field.EachSeed(field =>
    {
        SimulatedNode[] others = [.. Enumerable.Range(0, 5).Select(i => field.Node($"p{i}"))];
        SimulatedNode witness = field.Node("witness");
        SimulatedNode a = field.Node("a", "field", [.. others, witness]);
        field.Until(() => a.Mesh.Sessions.Count == 6, 5, "everybody is connected");
        field.Run(15);
        foreach (SimulatedNode other in others) field.Network.Cut(a, other);
        field.Until(() => a.Mesh.Health.Degraded, 8, "a suspects itself");
        Assert.Contains(a.Mesh.Holders(), h => h.IsSelf && h.Health == "degraded");
        field.Until(() => a.Mesh.Sessions.Count == 1, 30, "the silent ones are down");
        field.Run(5);
        Assert.DoesNotContain(field.Sent(a, witness), t => t.Contains("peer.down", StringComparison.Ordinal));

        // Ten quiet seconds for each step, then it trusts itself again.
        foreach (SimulatedNode other in others) field.Network.Mend(a, other);
        field.Until(() => a.Mesh.Health.Multiplier == 0 && a.Mesh.Sessions.Count == 6, 120, "a is whole again");
    });

    private static (SimulatedNode A, SimulatedNode B) Pair(Field field)
    {
        SimulatedNode b = field.Node("b");
        SimulatedNode a = field.Node("a", "field", b);
        field.Until(() => a.IsConnected(b) && b.IsConnected(a), 5, "the pair is connected");
        return (a, b);
    }
}
