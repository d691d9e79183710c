using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Recording 08: the operator's methods on a node without a planner.</summary>
public class OperatorReplayTests
{
    [Fact]
    [Trait("spec", "W-124")]
    [Trait("spec", "W-126")]
    [Trait("spec", "W-127")]
    [Trait("spec", "W-132")]
    public void A_peer_may_subscribe_and_decide_with_a_grant_and_its_intent_is_not_an_operators()
    {
        var node = new GoldenNode("alpha");
        node.Trust.Add(new NodeId(Transcript.DeviceId("obs")), grants: PeerGrants.Default with { Approve = true });
        var replay = new Replay(Transcript.Load("08"), node, Part.Classic, Table()
            .Code("mesh.message.forward", GateCodes.NotAuthorized, "W-126")
            .Withholds("event context.frame", "W-126: no frame says that a human spoke"));

        replay.Run();

        replay.AssertFaithful();
        // The sensor's frame at the end, which came twice: to the peer and to the subscriber.
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
    }

    [Fact]
    [Trait("spec", "X-69")]
    public void A_peer_without_the_grant_may_not_decide()
    {
        var node = new GoldenNode("alpha");
        var replay = new Replay(Transcript.Load("08"), node, Part.Classic, new Differences()
            .Added("res mesh.connect.payload.ext", "X-6")
            .Code("chat.proposal.approve", GateCodes.NotAuthorized, "X-11, approve is false by default")
            .Code("chat.proposal.reject", GateCodes.NotAuthorized, "X-11")
            .Code("mesh.message.forward", GateCodes.NotAuthorized, "W-126")
            .Withholds("event context.frame", "W-126: no frame says that a human spoke"));

        replay.Run();

        replay.AssertFaithful();
    }

    [Fact]
    [Trait("spec", "W-73")]
    [Trait("spec", "W-125")]
    [Trait("spec", "W-127")]
    [Trait("spec", "W-128")]
    public void An_intent_of_a_proven_operator_has_the_recorded_answer_and_the_recorded_frames_twice()
    {
        var time = new ManualTime();
        byte[] token = new byte[32];
        token[0] = 7;
        var node = new GoldenNode("alpha", new GoldenSetup { Time = time, Operators = new OperatorAuthenticator(token, new NodeId(Transcript.DeviceId("alpha")), time) });
        node.Trust.Add(new NodeId(Transcript.DeviceId("obs")), grants: PeerGrants.Default with { Approve = true });
        var replay = new Replay(Transcript.Load("08"), node, Part.Classic, Table()
            .Free("event context.frame.payload.timestamp", "the recorded node took a millisecond between its two frames")
            .Free("event context.frame.payload.data.message", "a text for people"));
        replay.Before = line =>
        {
            if (line is not { Direction: "sent", Name: "mesh.message.forward" }) return;
            // The observer of the recording needed no proof; ours proves itself first, on the same link.
            WireLink link = replay.Links["obs>alpha"];
            Assert.True(ClassicPeer.Ask(link, ClassicPeer.Request("operator.auth", new System.Text.Json.Nodes.JsonObject { ["token"] = Convert.ToHexStringLower(token) }))!.Value.GetProperty("ok").GetBoolean());
        };
        replay.Feeding = line =>
        {
            // Request id, frame id and the id of the page's frame, in the order in which they are made.
            if (line.Name != "mesh.message.forward") return;
            foreach (string id in new[] { "7167a329-eda0-4581-a0f0-4f3a1a29411d", "2a1c6701-537d-439d-9e9c-de0b0000390f", "8785768d-ef84-4629-b961-90db13ffdb7a" }) node.Ids.Enqueue(Guid.Parse(id));
            node.SetWall(1795222487049);
        };

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(12, replay.Compared);
    }

    private static Differences Table() => new Differences()
        .Added("res mesh.connect.payload.ext", "X-6")
        .Free("res chat.proposal.approve.error.message", "a text for people; begins with its code by W-66")
        .Free("res chat.proposal.reject.error.message", "a text for people; begins with its code by W-66");
}
