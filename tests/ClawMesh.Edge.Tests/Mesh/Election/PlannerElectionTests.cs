using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Mesh.Election;

namespace ClawMesh.Edge.Tests.Mesh.Election;

public sealed class PlannerElectionTests
{
    // Each letter is a device id; a star marks this node.
    [Theory]
    [InlineData("a*:field", "none", null)]
    [InlineData("a*:field b:viewer c:node d:", "none", null)]
    [InlineData("a*:planner", "local", 'a')]
    [InlineData("b*:planner a:planner", "peer", 'a')]
    [InlineData("a*:standby-planner b:planner", "peer", 'b')]
    [InlineData("a*:standby-planner b:standby-planner", "local", 'a')]
    [InlineData("c*:field b:standby-planner a:standby-planner", "peer", 'a')]
    [InlineData("d*:planner c:standby-planner a:Planner", "local", 'd')]
    [InlineData("", "none", null)]
    [Trait("spec", "W-114")]
    public void The_first_by_role_and_then_by_id_leads(string members, string kind, char? leader)
    {
        Member[] all = [.. members.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

        Leader elected = PlannerElection.Elect(all);
        Leader reversed = PlannerElection.Elect([.. all.Reverse()]);

        Assert.Equal(kind, elected.Kind);
        Assert.Equal(leader is { } id ? Ids.Of(id) : null, elected.DeviceId);
        Assert.Equal(elected, reversed);
    }

    [Fact]
    [Trait("spec", "W-116")]
    public void Each_side_of_a_partition_elects_its_own_leader()
    {
        Assert.Equal("local", PlannerElection.Elect([Parse("a*:planner")]).Kind);
        Assert.Equal("local", PlannerElection.Elect([Parse("b*:planner"), Parse("c:field")]).Kind);
    }

    [Theory]
    [InlineData("field", "none", """{"state":"ineligible","role":"field","leader":{"kind":"none"},"shouldHandleAutonomous":false}""")]
    [InlineData("field", "peer", """{"state":"ineligible","role":"field","leader":{"kind":"peer","deviceId":"{b}","role":"planner"},"shouldHandleAutonomous":false}""")]
    [InlineData("", "none", """{"state":"ineligible","leader":{"kind":"none"},"shouldHandleAutonomous":false}""")]
    [InlineData("standby-planner", "peer", """{"state":"standby","role":"standby-planner","leader":{"kind":"peer","deviceId":"{b}","role":"planner"},"shouldHandleAutonomous":false}""")]
    [InlineData("planner", "local", """{"state":"active","role":"planner","leader":{"kind":"local","deviceId":"{b}","role":"planner"},"shouldHandleAutonomous":true}""")]
    [Trait("spec", "W-115")]
    public void The_result_has_the_shape_of_the_contract(string selfRole, string leaderKind, string json)
    {
        Leader leader = leaderKind == "none" ? Leader.None : new Leader(leaderKind, Ids.B, "planner");

        PlannerActivity activity = PlannerElection.ActivityOf(selfRole, leader);

        Assert.Equal(json.Replace("{b}", Ids.B.Value, StringComparison.Ordinal), Json(activity.Write));
    }

    [Fact]
    [Trait("spec", "W-115")]
    public void A_leader_is_written_under_the_name_asked_for()
    {
        string json = Json(w =>
        {
            w.WriteStartObject();
            Leader.None.Write(w, "plannerLeader");
            w.WriteEndObject();
        });

        Assert.Equal("""{"plannerLeader":{"kind":"none"}}""", json);
    }

    private static Member Parse(string text)
    {
        string[] parts = text.Split(':');
        return new Member(Ids.Of(parts[0][0]), parts[1].Length == 0 ? null : parts[1], parts[0].EndsWith('*'));
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) write(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
