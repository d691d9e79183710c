using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

/// <summary>The five steps of [W-74] at one node between two peers.</summary>
public class RelayTests
{
    [Theory]
    [InlineData(null, 1)]
    [InlineData("null", 1)]
    [InlineData("0", 1)]
    [InlineData("1", 2)]
    [InlineData("2", 3)]
    [InlineData("3", null)]
    [InlineData("4", null)]
    [InlineData("9007199254740991", null)]
    [Trait("spec", "W-74")]
    [Trait("spec", "W-75")]
    public void Hops_below_three_are_passed_on_with_one_more_and_stored_as_they_came(string? hops, int? passedOn)
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        JsonObject good = Frames.Good(Transcript.DeviceId("probe"));
        good.Remove("hops");
        string frame = hops is null ? good.ToJsonString() : $"{good.ToJsonString()[..^1]},\"hops\":{hops}}}";

        probe.Feed($$"""{"type":"event","event":"context.frame","payload":{{frame}}}""");

        Assert.Empty(probe.Take());
        int? went = observer.Take().Select(t => (int?)JsonDocument.Parse(t).RootElement.GetProperty("payload").GetProperty("hops").GetInt32()).SingleOrDefault();
        Assert.Equal(passedOn, went);
        Assert.Equal(frame, System.Text.Encoding.UTF8.GetString(Assert.Single(node.Mesh.World.Log(5, null, null)).Utf8));
        Assert.Equal(passedOn is null ? 1 : 0, node.Mesh.Counters[MeshCounter.HopLimit]);
    }

    [Fact]
    [Trait("spec", "W-74")]
    public void A_frame_of_our_own_that_comes_back_is_dropped_before_anything_else()
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        string own = $$"""{"type":"event","event":"context.frame","payload":{{Frames.Good(node.DeviceId.Value).ToJsonString()}}}""";

        probe.Feed(own);
        observer.Feed(own);

        Assert.Equal((2, 0), (node.Mesh.Counters[MeshCounter.OwnFramesBack], node.Mesh.Counters[MeshCounter.DuplicateFrames]));
        Assert.Equal(0, node.Mesh.World.Counts.Frames);
        Assert.Empty(probe.Take());
        Assert.Empty(observer.Take());
    }

    [Fact]
    [Trait("spec", "W-70")]
    [Trait("spec", "W-75")]
    public void Our_own_frame_goes_to_everybody_with_hops_0_and_its_copies_are_known()
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        JsonObject own = Frames.Good(node.DeviceId.Value);
        node.Tell(JsonDocument.Parse(own.ToJsonString()).RootElement);

        string sent = Assert.Single(probe.Take());
        Assert.Equal(sent, Assert.Single(observer.Take()));
        Assert.Contains("\"hops\":0", sent);
        probe.Feed(sent.Replace("\"hops\":0", "\"hops\":2", StringComparison.Ordinal));
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.OwnFramesBack]);

        own["timestamp"] = 9007199254740992;
        own["frameId"] = "another";
        Assert.Throws<ClawMesh.Edge.Core.Errors.EdgeException>(() => node.Tell(JsonDocument.Parse(own.ToJsonString()).RootElement));
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
        Assert.Empty(probe.Take());
    }

    [Fact]
    [Trait("spec", "W-71")]
    public void An_unknown_kind_is_stored_and_passed_on_and_an_invalid_frame_neither()
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        JsonObject invalid = Frames.Good();
        invalid.Remove("timestamp");

        probe.Feed($$"""{"type":"event","event":"context.frame","payload":{{invalid.ToJsonString()}}}""");
        Assert.Empty(observer.Take());
        probe.Feed($$"""{"type":"event","event":"context.frame","payload":{{Frames.Good(kind: "weather").ToJsonString()}}}""");
        Assert.Single(observer.Take());
        Assert.Equal("weather", Assert.Single(node.Mesh.World.Log(5, null, null)).Kind);
    }

    [Theory]
    [InlineData(false, true, 0, true)]
    [InlineData(false, true, 1, false)]
    [InlineData(true, false, 0, false)]
    [InlineData(true, false, 1, true)]
    [Trait("spec", "X-11")]
    public void Grants_decide_whose_frames_are_heard_and_a_denied_one_is_not_marked_seen(bool gossip, bool relay, int hops, bool denied)
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        node.Trust.Add(new NodeId(Transcript.DeviceId("probe")), Transcript.PublicKey("probe"), PeerGrants.Default with { Gossip = gossip, Relay = relay });
        JsonObject frame = Frames.Good(Transcript.DeviceId("probe"));
        frame["hops"] = hops;
        string message = $$"""{"type":"event","event":"context.frame","payload":{{frame.ToJsonString()}}}""";

        probe.Feed(message);

        Assert.Equal(denied ? 1 : 0, node.Mesh.Counters[MeshCounter.GrantDenied]);
        Assert.Equal(denied ? 0 : 1, node.Mesh.World.Counts.Frames);
        if (!denied) return;
        // The same frame by somebody who may.
        observer.Feed(message);
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
    }

    [Fact]
    [Trait("spec", "W-32")]
    public void Another_generation_is_warned_about_once_for_each_peer()
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        foreach (WireLink link in new[] { probe, probe, observer, probe })
        {
            JsonObject frame = Frames.Good();
            frame["gen"] = 2;
            link.Feed($$"""{"type":"event","event":"context.frame","payload":{{frame.ToJsonString()}}}""");
        }

        Assert.Equal(4, node.Mesh.Counters[MeshCounter.GenerationMismatch]);
        Assert.Equal(2, node.Events.Newest(50, e => e.Message.StartsWith("[GENERATION_MISMATCH]", StringComparison.Ordinal)).Count);
    }

    private static (GoldenNode Node, WireLink Probe, WireLink Observer) TwoPeers()
    {
        var node = new GoldenNode("alpha");
        return (node, new ClassicPeer("probe", node.Time).Join(node), new ClassicPeer("obs", node.Time).Join(node));
    }
}
