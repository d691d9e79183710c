using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Pairing between whole nodes on simulated links, and what it leads to.</summary>
public class PairingTests
{
    private static readonly object Person = new();

    [Fact]
    [Trait("spec", "X-52")]
    [Trait("spec", "X-60")]
    [Trait("spec", "W-29")]
    public void A_fresh_node_pairs_joins_the_mesh_and_the_two_connect_and_do_so_again_after_a_restart() => Field.EachSeed(field =>
    {
        var settled = new SimpleMembership("mesh-of-the-farm");
        var fresh = new SimpleMembership("own invention", fresh: true);
        var finds = new Finds();
        SimulatedNode house = field.Node("house", new SimulatedNodeOptions { Membership = settled, Discovered = finds });
        SimulatedNode pump = field.Node("pump", new SimulatedNodeOptions { Membership = fresh, Discovered = finds });
        finds.Add(house, pump);
        field.Run(15);
        Assert.False(house.IsConnected(pump) || pump.IsConnected(house));

        house.Mesh.Pairing!.Accept(Person, "operator:anna", PeerGrants.Default, PeerGrants.Default with { Command = ["actuator:pump:P1"] });
        pump.Mesh.Pairing!.Dial(Person, "operator:ben", PeerGrants.Default with { Command = ["actuator:pump:*"] }, PeerGrants.Default, house.AsPeer(), house.DeviceId);
        field.Until(() => house.Mesh.Pairing.Status().Code is not null && pump.Mesh.Pairing.Status().State == PairingState.Showing, 5, "both ends have a code");
        // Longer than a socket without a session may live otherwise.
        field.Run(60);
        Assert.Equal(PairingState.Showing, house.Mesh.Pairing.Status().State);
        Do(pump.Mesh.Pairing.ConfirmAsync(Person, house.Mesh.Pairing.Status().Code, wideToo: false));
        field.Run(20);
        Assert.Empty(house.Trust.Entries);
        Do(house.Mesh.Pairing.ConfirmAsync(Person, null, wideToo: false));
        field.Until(() => pump.Mesh.Pairing.Status().State == PairingState.Stored, 5, "both ends have stored it");

        Assert.Equal("mesh-of-the-farm", fresh.MeshId);
        Assert.Equal(["actuator:pump:P1"], pump.Trust.Entries[house.DeviceId.Value].Grants.Command);
        Assert.Empty(house.Trust.Entries[pump.DeviceId.Value].Grants.Command);
        Assert.Equal(house.PublicKey, pump.Trust.Entries[house.DeviceId.Value].PublicKey);
        field.Until(() => house.IsConnected(pump) && pump.IsConnected(house), 60, "they find and join each other");

        field.Network.Kill(pump);
        field.Run(20);
        SimulatedNode again = field.Node("pump", new SimulatedNodeOptions { Membership = fresh, Discovered = finds, Trust = pump.Trust });
        field.Until(() => house.IsConnected(again) && again.IsConnected(house), 700, "they join again after a restart, W-43 included");
    });

    [Fact]
    [Trait("spec", "X-53")]
    [Trait("spec", "W-15")]
    public void A_socket_that_pairs_lives_for_the_window_and_one_that_does_not_is_closed_as_ever() => Field.EachSeed(field =>
    {
        SimulatedNode r = field.Node("r"), i = field.Node("i");
        r.Mesh.Pairing!.Accept(Person, "operator:anna", PeerGrants.Default, PeerGrants.Default);
        i.Mesh.Pairing!.Dial(Person, "operator:ben", PeerGrants.Default, PeerGrants.Default, r.AsPeer(), null);
        ClassicLink link = new ClassicStandIn(field.Network, "idle", Field.Key("idle")).Dial(r, handshake: false, System.Net.IPAddress.Parse("192.0.2.9"));
        field.Run(12);
        Assert.NotNull(link.End);
        Assert.Equal(PairingState.Showing, r.Mesh.Pairing.Status().State);
        field.Run(109);
        Assert.Equal(("PAIRING_TIMEOUT", "PAIRING_TIMEOUT"), (i.Mesh.Pairing.Status().EndCode, r.Mesh.Pairing.Status().EndCode));
        field.Run(2);
        Assert.Empty(field.LinksBetween(i, r));
    }, seeds: 2);

    [Fact]
    [Trait("spec", "X-60")]
    public void A_connection_that_breaks_ends_the_attempt_at_both_ends() => Field.EachSeed(field =>
    {
        SimulatedNode r = field.Node("r"), i = field.Node("i");
        r.Mesh.Pairing!.Accept(Person, "operator:anna", PeerGrants.Default, PeerGrants.Default);
        i.Mesh.Pairing!.Dial(Person, "operator:ben", PeerGrants.Default, PeerGrants.Default, r.AsPeer(), null);
        field.Until(() => i.Mesh.Pairing.Status().State == PairingState.Showing, 5, "a code is shown");
        field.Network.Drop(i);
        field.Run(1);
        Assert.Equal(("PAIRING_TIMEOUT", "PAIRING_TIMEOUT"), (i.Mesh.Pairing.Status().EndCode, r.Mesh.Pairing.Status().EndCode));
        Assert.Empty(i.Trust.Entries);
        Assert.Empty(r.Trust.Entries);
    }, seeds: 3);

    [Fact]
    [Trait("spec", "X-60")]
    public void A_node_that_stops_ends_its_attempt_and_the_other_end_learns_it() => Field.EachSeed(field =>
    {
        SimulatedNode r = field.Node("r"), i = field.Node("i");
        r.Mesh.Pairing!.Accept(Person, "operator:anna", PeerGrants.Default, PeerGrants.Default);
        i.Mesh.Pairing!.Dial(Person, "operator:ben", PeerGrants.Default, PeerGrants.Default, r.AsPeer(), null);
        field.Until(() => i.Mesh.Pairing.Status().State == PairingState.Showing, 5, "a code is shown");
        r.Mesh.StopAsync().GetAwaiter().GetResult();
        field.Run(1);
        Assert.Equal("PAIRING_REJECTED", r.Mesh.Pairing.Status().EndCode);
        Assert.Equal(PairingState.Failed, i.Mesh.Pairing.Status().State);
    }, seeds: 2);

    private static void Do(Task task)
    {
        Assert.True(task.IsCompleted);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Everybody finds everybody, with the mesh left out as a hint that nobody needs.</summary>
    private sealed class Finds : IPeerSource
    {
        private readonly List<DialCandidate> _found = [];

        public IReadOnlyList<DialCandidate> Found => _found;

        public void Add(params SimulatedNode[] nodes)
        {
            foreach (SimulatedNode node in nodes) _found.Add(new DialCandidate(node.DeviceId, "sim", 1));
        }
    }
}
