using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Commands to the safe state are never one too many, from a device that may command the output.</summary>
public class UngrantedCommandTests
{
    private const int Burst = 30;

    [Fact]
    [Trait("spec", "W-105")]
    [Trait("spec", "X-11")]
    public Task A_peer_without_any_grant_could_flood_the_journal_with_commands_to_close_and_begin_anew_by_connecting_again() => Executor.EachSeed(executor =>
    {
        Field field = executor.Field;
        Task<ActuationAnswer> open = executor.Desk.AskAsync(executor.Desk.Command(seconds: 300));
        Assert.True(open.IsCompletedSuccessfully && open.Result.Outcome == ActuationOutcome.Done);
        (ClassicStandIn classic, ClassicLink link) = field.ClassicDialler("classic", executor.Node);

        IReadOnlyList<string> codes = Close(executor, classic, link, Burst);
        Assert.All(codes, c => Assert.Equal(GateCodes.NotAuthorized, c));
        int records = executor.Desk.Journal.Records.Count;

        AssertLimited(Close(executor, classic, link, 20));
        link.Link.Close(1000, "");
        ClassicLink again = classic.Dial(executor.Node);
        field.Until(() => again.Connected, 2, "it connects again");
        AssertLimited(Close(executor, classic, again, 20));
        Assert.Null(again.End);

        Assert.InRange(executor.Desk.Journal.Records.Count - records, 0, 40);
        Assert.Equal([OutputValue.Active], executor.Desk.Actuator.Writes);

        // Another device has an account of its own.
        (ClassicStandIn other, ClassicLink others) = field.ClassicDialler("other", executor.Node);
        Assert.Equal([GateCodes.NotAuthorized], Close(executor, other, others, 1));
    });

    [Fact]
    [Trait("spec", "W-106")]
    public Task A_granted_peer_closes_as_often_as_it_likes() => Executor.EachSeed(executor =>
    {
        (ClassicStandIn classic, ClassicLink link) = executor.Field.ClassicDialler("classic", executor.Node, PeerGrants.Default with { Command = [Commands.Valve] });
        for (int i = 0; i < 8; i++) Assert.All(Close(executor, classic, link, 25), c => Assert.Equal("OK", c));
    });

    // A few seconds have passed at most, and a second gives one back.
    private static void AssertLimited(IReadOnlyList<string> codes)
    {
        Assert.All(codes, c => Assert.Contains(c, (string[])[GateCodes.RateLimited, GateCodes.NotAuthorized]));
        Assert.InRange(codes.Count(c => c == GateCodes.RateLimited), codes.Count - 3, codes.Count);
    }

    // All in one moment.
    private static IReadOnlyList<string> Close(Executor executor, ClassicStandIn classic, ClassicLink link, int count)
    {
        Field field = executor.Field;
        List<string> ids = [];
        for (int i = 0; i < count; i++)
            ids.Add(link.Ask("mesh.message.forward", Commands.Forward(Commands.Open(field.Time, operation: "close"), classic.DeviceId.Value)));
        field.Until(() => ids.TrueForAll(id => link.ResultOf(id) is not null), 1, "every command is answered");
        return ids.ConvertAll(id => Field.Code(link.ResultOf(id)!.Value));
    }
}
