using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Recording 06 and the command of 17 over a real session, with a real actuation desk behind the node (conformance row C13).</summary>
public class GateReplayTests
{
    private static Differences Table() => new Differences()
        .Added("res mesh.connect.payload.ext", "X-6")
        .Added("res mesh.message.forward.payload.result", "X-40")
        .Free("res mesh.message.forward.error.message", "a text for people; begins with its code by W-66")
        .Free("res mesh.message.forward.payload.messageId", "a random id")
        // A node with real outputs SHOULD offer the read-only method of the mock actuator; this one shows its outputs in mesh.status.
        .Code("clawmesh.mock.actuator.state", GateCodes.UnknownMethod, "W-141, SHOULD; W-132 does not ask for it");

    [Fact]
    [Trait("spec", "W-92")]
    [Trait("spec", "W-93")]
    [Trait("spec", "W-94")]
    [Trait("spec", "W-96")]
    [Trait("spec", "W-97")]
    [Trait("spec", "W-99")]
    [Trait("spec", "W-100")]
    [Trait("spec", "X-40")]
    public void Every_forward_of_06_from_a_peer_with_a_grant()
    {
        var desk = new GoldenDesk("alpha");
        var node = new GoldenNode("alpha", desk.Setup);
        node.Trust.Add(new NodeId(Transcript.DeviceId("probe")), Transcript.PublicKey("probe"), PeerGrants.Default with { Command = ["actuator:mock:valve-1"], Approve = true });
        var replay = new Replay(Transcript.Load("06"), node, Part.Classic, Table()
            .Code("accepted-set-state", GateCodes.LocalPolicyRefused, "W-99 lets any state word pass; our outputs know no state 'half', and W-100 wants the refusal in the answer"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(29, replay.Compared);
        Assert.Equal([OutputValue.Active, OutputValue.Inactive], desk.Actuator.Writes);
        // Refused at the wire gate; none of them reached the desk.
        Assert.Equal(20, node.Mesh.Forward.Refused);
        Assert.Equal(3, desk.Answers.Count);
    }

    [Fact]
    [Trait("spec", "W-105")]
    [Trait("spec", "X-11")]
    public void The_accepted_commands_of_06_are_refused_to_a_peer_without_a_grant()
    {
        var desk = new GoldenDesk("alpha");
        var node = new GoldenNode("alpha", desk.Setup);
        var replay = new Replay(Transcript.Load("06"), node, Part.Classic, new Differences()
            .Added("res mesh.connect.payload.ext", "X-6")
            .Free("res mesh.message.forward.error.message", "a text for people; begins with its code by W-66")
            .Free("res mesh.message.forward.payload.messageId", "a random id")
            .Code("clawmesh.mock.actuator.state", GateCodes.UnknownMethod, "W-141, SHOULD")
            .Code("accepted-open", GateCodes.NotAuthorized, "W-105")
            .Code("accepted-array-order-differs", GateCodes.NotAuthorized, "W-105")
            .Code("accepted-set-state", GateCodes.NotAuthorized, "W-105"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Empty(desk.Actuator.Writes);
    }

    [Fact]
    [Trait("spec", "W-104")]
    [Trait("spec", "W-106")]
    public void The_accepted_commands_of_06_are_stale_a_day_later_except_the_one_that_makes_safe()
    {
        var desk = new GoldenDesk("alpha");
        var node = new GoldenNode("alpha", desk.Setup);
        node.Trust.Add(new NodeId(Transcript.DeviceId("probe")), Transcript.PublicKey("probe"), PeerGrants.Default with { Command = ["*"] });
        var replay = new Replay(Transcript.Load("06"), node, Part.Classic, Table()
            .Code("accepted-open", GateCodes.CommandStale, "W-104")
            .Code("accepted-set-state", GateCodes.CommandStale, "W-104"));
        // Only the forwards come a day late; a handshake of yesterday would be refused by W-53.
        replay.Before = line =>
        {
            if (line.Note == "case no-to") replay.ClockOffset = TimeSpan.FromDays(1);
        };

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal([OutputValue.Inactive], desk.Actuator.Writes);
    }
}
