using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Recording 17: extension members toward a node that does not take them for true, in both directions.</summary>
public class ExtensionReplayTests
{
    [Fact]
    [Trait("spec", "W-2")]
    [Trait("spec", "W-64")]
    [Trait("spec", "W-86")]
    [Trait("spec", "X-7")]
    [Trait("spec", "X-50")]
    public void As_alpha_a_placeholder_signature_is_counted_and_its_features_are_not_believed()
    {
        var desk = new GoldenDesk("alpha");
        var node = new GoldenNode("alpha", desk.Setup);
        node.Trust.Add(new NodeId(Transcript.DeviceId("probe")), Transcript.PublicKey("probe"), PeerGrants.Default with { Command = ["actuator:mock:*"], Approve = true });
        var replay = new Replay(Transcript.Load("17"), node, Part.Classic, new Differences()
            .Added("res mesh.connect.payload.ext", "X-6")
            .Code("mesh.message.forward", ClawMesh.Edge.Core.Errors.GateCodes.CommandSigInvalid, "X-50: a signature that is there and wrong")
            .Free("res edge.sync.error.message", "a text for people; begins with its code by W-66"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.ExtInvalid]);
        Assert.Empty(node.Trust.Entries[Transcript.DeviceId("probe")].Features);
        Assert.Empty(desk.Actuator.Writes);
    }

    [Fact]
    [Trait("spec", "W-57")]
    [Trait("spec", "W-150")]
    [Trait("spec", "X-7")]
    public void As_gamma_the_acceptors_placeholder_signature_is_counted_and_the_session_stands()
    {
        var node = new GoldenNode("gamma", new GoldenSetup { Dials = ["probe2"] });
        var replay = new Replay(Transcript.Load("17"), node, Part.Classic, new Differences()
            .Added("req mesh.connect.params.ext", "X-6")
            .Free("req context.sync.params.limit", "W-88: any explicit limit of 1 to 500")
            .Free("req context.sync.params.since", "W-87 describes the classic client"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.ExtInvalid]);
        Assert.False(Assert.Single(node.Mesh.Sessions).Facts.IsEdge);
    }

    [Fact]
    [Trait("spec", "W-105")]
    public void The_command_of_17_is_refused_to_a_peer_without_a_grant()
    {
        var desk = new GoldenDesk("alpha");
        var node = new GoldenNode("alpha", desk.Setup);
        var replay = new Replay(Transcript.Load("17"), node, Part.Classic, new Differences()
            .Added("res mesh.connect.payload.ext", "X-6")
            .Code("mesh.message.forward", GateCodes.NotAuthorized, "W-105")
            .Free("res edge.sync.error.message", "a text for people; begins with its code by W-66"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Empty(desk.Actuator.Writes);
    }
}
