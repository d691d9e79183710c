using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Election;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

public class ElectionTests
{
    [Fact]
    [Trait("spec", "W-114")]
    [Trait("spec", "W-115")]
    public void The_planner_leads_its_standby_takes_over_once_and_gives_back_once() => Field.EachSeed(field =>
    {
        SimulatedNode planner = field.Dialling("planner", [], "planner");
        SimulatedNode standby = field.Dialling("standby", ["planner"], "standby-planner");
        Field.Trust(planner, "standby");
        Field.Trust(planner, "field");
        SimulatedNode node = field.Node("field", "field", planner, standby);
        Together(field, planner, standby, node);
        AssertLeader(planner, planner, node, standby);
        Assert.Equal(("active", true), (planner.Mesh.Activity.State, planner.Mesh.Activity.ShouldHandleAutonomous));
        Assert.Equal(("standby", false), (standby.Mesh.Activity.State, standby.Mesh.Activity.ShouldHandleAutonomous));
        Assert.Equal(("ineligible", false), (node.Mesh.Activity.State, node.Mesh.Activity.ShouldHandleAutonomous));
        int atStandby = Changes(standby), atNode = Changes(node);

        field.Network.Kill(planner);
        field.Until(() => standby.Mesh.Leader.Kind == Leader.Local && node.Mesh.Leader.DeviceId == standby.DeviceId, 15, "the standby leads");
        Assert.True(standby.Mesh.Activity.ShouldHandleAutonomous);
        field.Run(30);
        Assert.Equal((atStandby + 1, atNode + 1), (Changes(standby), Changes(node)));

        SimulatedNode again = field.Dialling("planner", [], "planner", planner.Trust);
        Together(field, again, standby, node);
        AssertLeader(again, again, node, standby);
        field.Run(30);
        Assert.Equal((atStandby + 2, atNode + 2), (Changes(standby), Changes(node)));
    });

    [Fact]
    [Trait("spec", "W-114")]
    [Trait("spec", "W-116")]
    public void Both_ends_of_a_partition_have_a_leader_and_one_again_after_it() => Field.EachSeed(field =>
    {
        (string lower, string higher) = Field.ByDevice("p1", "p2");
        SimulatedNode one = field.Dialling(lower, [], "planner");
        SimulatedNode two = field.Node(higher, "planner", one);
        SimulatedNode left = field.Node("left", "field", one);
        SimulatedNode right = field.Node("right", "field", two);
        field.Until(() => two.Mesh.Sessions.Count == 2 && one.Mesh.Sessions.Count == 2 && left.IsConnected(one) && right.IsConnected(two), 5, "everybody is connected");
        AssertLeader(one, one, two, left);
        // A node follows whom it sees, and nothing but sessions counts.
        AssertLeader(two, right);

        field.Network.Cut(one, two);
        field.Until(() => one.Mesh.Sessions.Count == 1 && two.Mesh.Sessions.Count == 1, 12, "the partition is noticed");
        Assert.Equal(Leader.Local, one.Mesh.Leader.Kind);
        Assert.Equal(Leader.Local, two.Mesh.Leader.Kind);
        field.Network.Mend(one, two);
        field.Until(() => two.Mesh.Leader.DeviceId == one.DeviceId, 40, "the lower id leads again");
        Assert.Equal(PlannerActivity.Standby, two.Mesh.Activity.State);
    });

    [Fact]
    [Trait("spec", "W-114")]
    [Trait("spec", "W-113")]
    public void A_viewer_or_an_unknown_role_never_leads_and_a_viewer_offers_nothing() => Field.EachSeed(field =>
    {
        SimulatedNode node = field.Node("field");
        ClassicStandIn viewer = field.ClassicDialler("viewer", node, role: "viewer", capabilities: Commands.Valve).Classic;
        ClassicStandIn odd = field.ClassicDialler("odd", node, role: "supreme-planner", capabilities: Commands.Valve).Classic;
        Assert.Equal(Leader.None, node.Mesh.Leader);
        Assert.Equal(0, Changes(node));
        Assert.Equal(odd.DeviceId, node.Mesh.Forward.ExecutorOf(Commands.Valve));
        string said = node.Observe(1);
        field.Run(1);
        Assert.Contains(said, viewer.Links[0].Frames);
    });

    [Fact]
    [Trait("spec", "W-115")]
    public void A_displaced_session_of_the_leader_is_no_change_of_leader() => Field.EachSeed(field =>
    {
        SimulatedNode node = field.Node("field");
        (ClassicStandIn planner, _) = field.ClassicDialler("planner", node, role: "planner");
        for (int i = 0; i < 5; i++)
        {
            ClassicLink next = planner.Dial(node);
            field.Until(() => next.Connected, 2, "connected anew");
            field.Run(1);
        }

        Assert.Equal(planner.DeviceId, node.Mesh.Leader.DeviceId);
        Assert.Equal(1, Changes(node));
    });

    private static int Changes(SimulatedNode node) => Field.EventsOf(node, EventTypes.ModeChange).Count;

    private static void AssertLeader(SimulatedNode leader, params SimulatedNode[] seenBy) => Assert.All(seenBy, n => Assert.Equal(leader.DeviceId, n.Mesh.Leader.DeviceId));

    private static void Together(Field field, params SimulatedNode[] nodes) =>
        field.Until(() => nodes.All(n => n.Mesh.Sessions.Count == nodes.Length - 1), 60, "everybody sees everybody");
}
