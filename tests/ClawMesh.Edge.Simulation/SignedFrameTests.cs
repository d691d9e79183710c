using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>What a frame is worth by who signed it and who brought it.</summary>
public class SignedFrameTests
{
    [Fact]
    [Trait("spec", "X-12")]
    [Trait("spec", "X-13")]
    [Trait("spec", "X-18")]
    public void A_signed_frame_keeps_its_tier_over_relays_that_carry_it_as_it_is() => Field.EachSeed(field =>
    {
        SimulatedNode[] line = Line(field, "a", "b", "c");
        string id = line[0].Observe(20);
        field.Until(() => line[2].Knows(id), 5, "the frame passes the relay");
        MeshFrame heard = line[2].Mesh.World.Find(id)!;
        Assert.Equal((FrameStanding.Verified, EvidenceTier.OperationalObservation, 1), (heard.Standing, heard.EffectiveTier, heard.Hops));
        Assert.Equal(1, heard.Stamp!.Sequence);
    });

    [Fact]
    [Trait("spec", "X-12")]
    [Trait("spec", "W-69")]
    public void A_signature_adds_four_members_to_a_frame_and_changes_nothing_else() => Field.EachSeed(field =>
    {
        string Members(bool signs)
        {
            SimulatedNode a = field.Node(signs ? "a" : "b", new SimulatedNodeOptions { Mesh = o => o with { SignFrames = signs } });
            ClassicLink link = field.ClassicDialler(signs ? "one" : "two", a).Link;
            string id = a.Observe(20);
            field.Until(() => link.Frames.Contains(id), 2, "the frame has come");
            return string.Join(' ', link.Events("context.frame")[0].Payload.EnumerateObject().Select(m => m.Name));
        }

        Assert.Equal($"{Members(signs: false)} epoch seq hlc sig", Members(signs: true));
    });

    [Fact]
    [Trait("spec", "X-17")]
    [Trait("spec", "X-18")]
    [Trait("spec", "X-82")]
    public void A_relay_that_alters_one_byte_is_caught_by_every_receiver_and_the_good_copy_is_still_taken() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b"), c = field.Node("c");
        ClassicLink source = field.ClassicDialler("source", a).Link;
        foreach (SimulatedNode receiver in (SimulatedNode[])[b, c]) Knows(receiver, a);
        (ClassicStandIn man, ClassicLink toB) = field.ClassicDialler("man", b);
        c.Trust.Add(man.DeviceId);
        ClassicLink toC = man.Dial(c);
        field.Until(() => toC.Connected, 2, "the relay has both");
        string id = a.Observe(20);
        field.Until(() => source.Frames.Contains(id), 2, "the relay hears it");
        string text = source.Events("context.frame")[0].Payload.GetRawText();
        foreach (ClassicLink link in (ClassicLink[])[toB, toC])
        {
            link.Tell("context.frame", Relayed(text).Replace("\"value\":20", "\"value\":29", StringComparison.Ordinal));
            link.Tell("context.frame", Relayed(text).Replace("T2_operational_observation", "T3_verified_action_evidence", StringComparison.Ordinal));
            link.Tell("context.frame", Relayed(text)[..^1] + ",\"by\":\"man\"}");
        }

        field.Run(1);
        foreach (SimulatedNode receiver in (SimulatedNode[])[b, c])
        {
            Assert.False(receiver.Knows(id));
            Assert.Equal(3, receiver.Mesh.Counters[MeshCounter.FrameInvalid]);
            Assert.Equal(3, receiver.Mesh.SessionOf(man.DeviceId)!.Sight.VerificationFailures);
        }

        toB.Tell("context.frame", Relayed(text));
        field.Until(() => b.Knows(id), 1, "the good copy is not suppressed by the bad ones");
        Assert.Equal(FrameStanding.Verified, b.Mesh.World.Find(id)!.Standing);
    });

    [Fact]
    [Trait("spec", "X-18")]
    public void An_unsigned_frame_that_claims_T3_through_a_relay_is_believed_at_T1_and_stays_as_it_came() => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        ClassicLink relay = field.ClassicDialler("relay", b).Link;
        NodeId classic = Field.Key("classic").DeviceId, stranger = Field.Key("stranger").DeviceId;
        b.Trust.Add(classic);
        foreach (NodeId origin in (NodeId[])[classic, stranger]) relay.Tell("context.frame", Frame(origin, origin.Value[..8], "T3_verified_action_evidence", hops: 1));
        relay.Tell("context.frame", Frame(Field.Key("relay").DeviceId, "direct", "T3_verified_action_evidence", hops: 0));
        field.Until(() => b.Knows("direct"), 2, "the frames are kept");
        Assert.Equal((FrameStanding.UnsignedClassic, EvidenceTier.UnverifiedObservation), Worth(b, classic.Value[..8]));
        Assert.Equal((FrameStanding.UnknownOrigin, EvidenceTier.UnverifiedObservation), Worth(b, stranger.Value[..8]));
        Assert.Equal((FrameStanding.Session, EvidenceTier.VerifiedActionEvidence), Worth(b, "direct"));
        Assert.All(b.Mesh.World.Log(9, null, null), f => Assert.Equal(EvidenceTier.VerifiedActionEvidence, f.Tier));
    });

    [Fact]
    [Trait("spec", "X-19")]
    [Trait("spec", "X-9")]
    public void A_stripped_frame_of_a_signing_origin_is_dropped_until_it_shows_itself_to_be_classic_again() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b", "field", a);
        field.Until(() => b.IsConnected(a), 5, "they meet");
        ClassicLink relay = field.ClassicDialler("relay", b).Link;
        relay.Tell("context.frame", Frame(a.DeviceId, "stripped", "T2_operational_observation", hops: 1));
        field.Run(1);
        Assert.False(b.Knows("stripped"));
        Assert.Equal(1, b.Mesh.Counters[MeshCounter.FrameStripped]);
        Assert.Contains(EdgeFeatures.SignedFrames, b.Trust.Entries[a.DeviceId.Value].Features);

        // The same device with classic software.
        field.Network.Kill(a);
        var classic = new ClassicStandIn(field.Network, "a-classic", Field.Key("a"));
        ClassicLink own = classic.Dial(b);
        field.Until(() => own.Connected, 5, "it is back with classic software");
        Assert.Contains(Field.EventsOf(b, EventTypes.PeerFault), e => e.Message.Contains("EDGE_DOWNGRADE", StringComparison.Ordinal));
        Assert.Empty(b.Trust.Entries[a.DeviceId.Value].Features);
        own.Tell("context.frame", Frame(a.DeviceId, "unsigned", "T2_operational_observation", hops: 0));
        field.Until(() => b.Knows("unsigned"), 2, "its own frames count");
        Assert.Equal((FrameStanding.Session, EvidenceTier.OperationalObservation), Worth(b, "unsigned"));
    });

    [Fact]
    [Trait("spec", "X-20")]
    public void A_verified_copy_takes_the_place_of_an_unsigned_one_and_raises_its_tier() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b");
        ClassicLink source = field.ClassicDialler("source", a).Link, relay = field.ClassicDialler("relay", b).Link, other = field.ClassicDialler("other", b).Link;
        Knows(b, a);
        string id = a.Observe(20);
        field.Until(() => source.Frames.Contains(id), 2, "the frame is made");
        string signed = Relayed(source.Events("context.frame")[0].Payload.GetRawText());
        relay.Tell("context.frame", Unsigned(signed));
        field.Until(() => b.Knows(id), 2, "the unsigned copy comes first");
        Assert.Equal((FrameStanding.UnsignedClassic, EvidenceTier.UnverifiedObservation), Worth(b, id));
        relay.Tell("context.frame", signed);
        field.Run(1);
        Assert.Equal((FrameStanding.Verified, EvidenceTier.OperationalObservation), Worth(b, id));
        Assert.Equal(FrameStanding.Verified, Assert.Single(b.Mesh.World.Current()).Standing);
        Assert.Equal([id, id], other.Frames);
        Assert.Equal(0, b.Mesh.Counters[MeshCounter.FrameConflict]);
        Assert.NotNull(b.Archive.Head(a.DeviceId.Value));
    });

    [Fact]
    [Trait("spec", "X-20")]
    public void Where_the_two_copies_differ_the_verified_one_wins_and_it_is_counted() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b");
        ClassicLink source = field.ClassicDialler("source", a).Link, relay = field.ClassicDialler("relay", b).Link;
        Knows(b, a);
        string id = a.Observe(20);
        field.Until(() => source.Frames.Contains(id), 2, "the frame is made");
        string signed = Relayed(source.Events("context.frame")[0].Payload.GetRawText());
        relay.Tell("context.frame", Unsigned(signed).Replace("\"value\":20", "\"value\":21", StringComparison.Ordinal));
        relay.Tell("context.frame", signed);
        field.Run(1);
        Assert.Equal(1, b.Mesh.Counters[MeshCounter.FrameConflict]);
        Assert.Contains("\"value\":20", System.Text.Encoding.UTF8.GetString(Assert.Single(b.Mesh.World.Current()).Utf8), StringComparison.Ordinal);
    });

    [Fact]
    [Trait("spec", "X-21")]
    public void Two_frames_under_one_number_are_told_and_their_origin_is_believed_less_until_an_operator_clears_it() => Field.EachSeed(field =>
    {
        // A clone: the same key, the same memory, another day.
        var disk = new InMemorySettings();
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Settings = disk });
        SimulatedNode b = field.Node("b", "field", a);
        field.Until(() => b.IsConnected(a), 5, "they meet");
        string first = a.Observe(20);
        field.Until(() => b.Knows(first), 2, "the first is there");
        string reserved = disk.Get(OwnFrames.SettingKey)!;
        var cloned = new InMemorySettings();
        cloned.SetAsync(OwnFrames.SettingKey, reserved.Split(' ')[0] + " 0", CancellationToken.None);
        field.Network.Kill(a);
        SimulatedNode clone = field.Node("a", new SimulatedNodeOptions { Settings = cloned, Mesh = o => o with { SyncInterval = TimeSpan.FromDays(1) } });
        ClassicLink source = field.ClassicDialler("source", clone).Link;
        string second = clone.Observe(40);
        field.Until(() => source.Frames.Contains(second), 2, "the clone has said it");
        ClassicLink relay = field.ClassicDialler("relay", b).Link;
        relay.Tell("context.frame", Relayed(source.Events("context.frame")[^1].Payload.GetRawText()));
        field.Run(1);
        Assert.False(b.Knows(second));
        Assert.Equal(1, b.Mesh.ForkedOrigins);
        Assert.Contains(Field.EventsOf(b, EventTypes.PeerFault), e => e.Message.Contains("SEQ_FORK", StringComparison.Ordinal) && e.Severity == EventSeverity.Error);

        // What follows is kept and counts for little.
        for (int i = 0; i < 3; i++) clone.Observe(41 + i);
        field.Run(1);
        foreach (HeardMessage m in source.Events("context.frame")) relay.Tell("context.frame", Relayed(m.Payload.GetRawText()));
        field.Run(1);
        MeshFrame newest = b.Mesh.World.Log(1, null, null)[0];
        Assert.Equal((FrameStanding.Verified, EvidenceTier.UnverifiedObservation), (newest.Standing, newest.EffectiveTier));
        b.Mesh.ClearFork(a.DeviceId);
        Assert.Equal(0, b.Mesh.ForkedOrigins);
    });

    [Fact]
    [Trait("spec", "X-22")]
    public void What_an_earlier_life_said_is_history_and_never_a_current_value() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b", "field", a);
        ClassicLink source = field.ClassicDialler("source", a).Link;
        field.Until(() => b.IsConnected(a), 5, "they meet");
        field.Network.Cut(a, b);
        string late = a.Observe(1);
        field.Run(1);
        a.Mesh.Own.Begin(a.Mesh.Own.Epoch);
        field.Network.Mend(a, b);
        // Its wall clock went back, its life did not.
        string current = a.Observe(2);
        field.Until(() => b.Knows(current), 10, "the new life is heard");
        ClassicLink relay = field.ClassicDialler("relay", b).Link;
        foreach (HeardMessage m in source.Events("context.frame")) relay.Tell("context.frame", Relayed(m.Payload.GetRawText()));
        field.Until(() => b.Knows(late), 90, "the old one is there, too");
        Assert.Equal(current, Assert.Single(b.Mesh.World.Current(), f => f.Kind == "observation").FrameId);
    });

    [Fact]
    [Trait("spec", "X-18")]
    public void A_session_with_more_than_twenty_invalid_frames_in_a_minute_is_closed_and_not_dialled_for_ten() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            ClassicStandIn bad = field.Classic("bad", a);
            SimulatedNode dialler = field.Dialling("dialler", ["bad"]);
            field.Until(() => dialler.IsConnected(bad), 20, "it dials");
            NodeId origin = Field.Key("x").DeviceId;
            dialler.Trust.Add(origin, Pin("x"));
            for (int i = 0; i < 21; i++) bad.Links[^1].Tell("context.frame", Frame(origin, $"f{i}", "T2_operational_observation", 1)[..^1] + $",\"epoch\":\"0000000000000001\",\"seq\":{i + 1},\"hlc\":\"000000000001-0000-{origin.Value[..8]}\",\"sig\":\"{new string('A', 86)}\"}}");
            field.Until(() => !dialler.IsConnected(bad), 5, "it is turned away");
            int dials = field.Network.Dials.Count;
            field.Run(590);
            Assert.Equal(dials, field.Network.Dials.Count);
            field.Until(() => field.Network.Dials.Count > dials, 90, "it is tried again");
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-17")]
    public void A_flood_of_signed_frames_waits_within_its_bound_and_is_checked_at_two_hundred_a_second() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a"), b = field.Node("b", new SimulatedNodeOptions { Mesh = o => o with { SyncInterval = TimeSpan.FromDays(1) } });
            Knows(b, a);
            ClassicLink source = field.ClassicDialler("source", a).Link, relay = field.ClassicDialler("relay", b).Link;
            List<string> ids = [];
            for (int i = 0; i < 2_500; i++)
            {
                ids.Add(a.Observe(i % 50, $"zone-{i}"));
                if (i % 100 == 0) field.Run(0.5);
            }

            field.Until(() => source.Frames.Count == 2_500, 60, "all are made");
            int told = 0;
            foreach (HeardMessage m in source.Events("context.frame"))
            {
                relay.Tell("context.frame", Relayed(m.Payload.GetRawText()));
                if (++told % 100 == 0) field.Run(0.02);
            }

            field.Run(0.5);
            int waiting = b.Mesh.WaitingFrames.Unchecked;
            Assert.InRange(waiting, 1_500, 2_000);
            Assert.InRange(b.Mesh.Counters[MeshCounter.FramesIngested], 200, 420);
            Assert.InRange(b.Mesh.Counters[MeshCounter.VerifyDropped], 80, 300);
            field.Run(11);
            Assert.Equal(0, b.Mesh.WaitingFrames.Unchecked);
        },
        seeds: 1);

    internal static string Frame(NodeId origin, string id, string tier, int hops) =>
        $$$"""{"gen":1,"kind":"observation","frameId":"{{{id}}}","sourceDeviceId":"{{{origin.Value}}}","timestamp":1795240800000,"data":{"zone":"z-{{{id}}}","metric":"m","value":1},"trust":{"evidence_sources":["sensor"],"evidence_trust_tier":"{{{tier}}}"},"hops":{{{hops}}}}""";

    private static SimulatedNode[] Line(Field field, params string[] names)
    {
        var nodes = new List<SimulatedNode>();
        foreach (string name in names) nodes.Add(nodes.Count == 0 ? field.Node(name) : field.Node(name, "field", nodes[^1]));
        foreach (SimulatedNode a in nodes)
        {
            foreach (SimulatedNode b in nodes.Where(n => n != a)) Knows(a, b);
        }

        field.Until(() => Enumerable.Range(1, nodes.Count - 1).All(i => nodes[i].IsConnected(nodes[i - 1])), 10, "the line stands");
        return [.. nodes];
    }

    private static void Knows(SimulatedNode node, SimulatedNode other) => node.Trust.Add(other.DeviceId, other.PublicKey);

    private static string Pin(string name) => System.Buffers.Text.Base64Url.EncodeToString(Field.Key(name).PublicKey.Span);

    private static (FrameStanding, EvidenceTier) Worth(SimulatedNode node, string id) => (node.Mesh.World.Find(id)!.Standing, node.Mesh.World.Find(id)!.EffectiveTier);

    private static string Relayed(string text) => text.Replace("\"hops\":0", "\"hops\":1", StringComparison.Ordinal);

    private static string Unsigned(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return "{" + string.Join(',', document.RootElement.EnumerateObject().Where(m => m.Name is not ("epoch" or "seq" or "hlc" or "sig")).Select(m => $"\"{m.Name}\":{m.Value.GetRawText()}")) + "}";
    }
}
