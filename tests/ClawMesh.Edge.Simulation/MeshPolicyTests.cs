using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>What a node does about the mesh of a device that something found, and of one that knocks.</summary>
public class MeshPolicyTests
{
    private const string Own = "own mesh";
    private const string Other = "other mesh";

    [Theory]
    [Trait("spec", "W-31")]
    [Trait("spec", "W-39")]
    [InlineData(Own, JoinPolicy.Auto, true)]
    [InlineData(null, JoinPolicy.Auto, true)]
    [InlineData(Own, JoinPolicy.Ask, false)]
    [InlineData(null, JoinPolicy.Ask, false)]
    [InlineData(Own, JoinPolicy.Never, false)]
    [InlineData(Other, JoinPolicy.Auto, false)]
    public void A_found_and_trusted_device_is_dialled_only_in_a_mesh_a_person_lets_be_dialled(string? announced, JoinPolicy policy, bool dialled) => Field.EachSeed(
        field =>
        {
            (string low, string high) = Field.ByDevice("a", "b");
            var membership = new ScriptedMembership(Own);
            membership.Policies[announced ?? Own] = policy;
            SimulatedNode lower = field.Node(low, new SimulatedNodeOptions { Membership = membership, Discovered = new Found(new DialCandidate(Field.Key(high).DeviceId, "10.0.0.7", 18789, announced)) });
            SimulatedNode higher = field.Node(high, new SimulatedNodeOptions { MeshId = Own });
            SimulatedNode.Befriend(lower, higher);
            field.Run(120);

            Assert.Equal(dialled, lower.IsConnected(higher));
            Assert.Equal(dialled ? 1 : 0, field.Network.Dials.Count);
            Assert.Equal(announced == Other ? [Other] : [], membership.MetMeshes);
        },
        seeds: 2);

    [Fact]
    public void A_person_who_allows_the_mesh_has_its_devices_dialled_from_then_on() => Field.EachSeed(field =>
    {
        (string low, string high) = Field.ByDevice("a", "b");
        var membership = new ScriptedMembership(Own) { Policies = { [Own] = JoinPolicy.Ask } };
        SimulatedNode lower = field.Node(low, new SimulatedNodeOptions { Membership = membership, Discovered = new Found(new DialCandidate(Field.Key(high).DeviceId, "10.0.0.7", 18789, Own)) });
        SimulatedNode higher = field.Node(high, new SimulatedNodeOptions { MeshId = Own });
        SimulatedNode.Befriend(lower, higher);
        field.Run(30);
        Assert.Empty(field.Network.Dials);

        membership.Policies[Own] = JoinPolicy.Auto;
        field.Until(() => lower.IsConnected(higher), 3, "the device is dialled");
    });

    [Theory]
    [InlineData(JoinPolicy.Ask)]
    [InlineData(JoinPolicy.Never)]
    public void A_peer_that_a_person_named_is_dialled_whatever_the_policy_says(JoinPolicy policy) => Field.EachSeed(
        field =>
        {
            SimulatedNode b = field.Node("b", new SimulatedNodeOptions { MeshId = Own });
            SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Membership = new ScriptedMembership(Own) { Policies = { [Own] = policy } }, Peers = [b.AsPeer()] });
            SimulatedNode.Befriend(a, b);
            field.Until(() => a.IsConnected(b), 5, "the static peer is dialled");
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-31")]
    public void A_handshake_between_two_meshes_is_refused_both_learn_of_the_other_and_a_join_counts_at_the_next_attempt() => Field.EachSeed(field =>
    {
        var membership = new ScriptedMembership(Own);
        var acceptor = new ScriptedMembership(Other);
        SimulatedNode b = field.Node("b", new SimulatedNodeOptions { Membership = acceptor });
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Membership = membership, Peers = [b.AsPeer()] });
        SimulatedNode.Befriend(a, b);
        field.Run(10);
        Assert.Empty(a.Mesh.Sessions);
        Assert.Equal([Own], acceptor.MetMeshes);

        membership.Join(Other);
        field.Until(() => a.IsConnected(b) && b.IsConnected(a), 40, "both are of one mesh");
        Assert.Empty(membership.MetMeshes);
    });

    private sealed class Found(params DialCandidate[] candidates) : IPeerSource
    {
        IReadOnlyList<DialCandidate> IPeerSource.Found => candidates;
    }
}
