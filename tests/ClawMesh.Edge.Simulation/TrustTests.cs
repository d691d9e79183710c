using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Edits of the trust store while sessions live.</summary>
public class TrustTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("spec", "W-24")]
    public void Removing_a_peer_or_changing_its_key_ends_its_session_with_1008_within_two_seconds(bool otherKey) => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        SimulatedNode c = field.Node("c");
        SimulatedNode a = field.Node("a", "field", b, c);
        field.Until(() => a.Mesh.Sessions.Count == 2, 5, "everybody is connected");
        field.Run(3);
        if (otherKey) a.Trust.Set(a.Trust.Entries[b.DeviceId.Value] with { PublicKey = c.PublicKey });
        else a.Trust.Remove(b.DeviceId);
        field.Until(() => !a.IsConnected(b) && !b.IsConnected(a), 2, "the session ends");
        Assert.Equal(1008, Assert.Single(field.Network.Closes).Status);
        field.Run(120);
        Assert.False(a.IsConnected(b));
        Assert.True(a.IsConnected(c));
        Assert.Single(a.Mesh.Sessions);
    });

    [Fact]
    [Trait("spec", "W-24")]
    public void An_edit_that_leaves_a_peer_its_entry_leaves_it_its_session() => Field.EachSeed(
        field =>
        {
            SimulatedNode b = field.Node("b");
            SimulatedNode a = field.Node("a", "field", b);
            field.Until(() => a.IsConnected(b), 5, "connected");
            a.Trust.Set(a.Trust.Entries[b.DeviceId.Value] with { DisplayName = "pump house" });
            a.Trust.Add(Field.Key("else").DeviceId);
            field.Run(10);
            Assert.Empty(field.Network.Closes);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-24")]
    public void A_device_removed_between_its_check_and_its_registration_used_to_get_a_session() => Field.EachSeed(field =>
    {
        // The answer is signed after the check and before the session begins.
        var signer = new InterruptedSigner(Field.Key("a"));
        var a = new SimulatedNode(field.Network, "a", signer, new Hardware.Identity.Ed25519Verifier());
        ClassicStandIn classic = field.Classic("classic", a);
        signer.Signing = () => a.Trust.Remove(classic.DeviceId);

        ClassicLink link = classic.Dial(a);
        field.Until(() => link.End is not null, 3, "the connection is closed");

        Assert.False(a.Trust.Entries.ContainsKey(classic.DeviceId.Value));
        Assert.Equal(1008, Assert.Single(field.Network.Closes).Status);
        Assert.Empty(a.Mesh.Sessions);
        Assert.Empty(Field.EventsOf(a, EventTypes.PeerConnect));
    });

    [Fact]
    [Trait("spec", "W-24")]
    public void An_unreadable_store_lets_nobody_in_and_throws_nobody_out() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        SimulatedNode b = field.Node("b", "field", a);
        field.Until(() => a.IsConnected(b), 5, "b is connected");
        a.Trust.Problem = "its third line is no JSON";
        field.Run(3);
        SimulatedNode c = field.Node("c", "field", a);
        field.Run(60);
        Assert.True(a.IsConnected(b));
        Assert.False(a.IsConnected(c));
        Assert.Contains(Field.EventsOf(a, EventTypes.PeerFault), e => e.Severity == EventSeverity.Error && e.Message.Contains("[TRUST_STORE_UNREADABLE]", StringComparison.Ordinal));
        Assert.Contains(field.Sent(a, c), t => t.Contains("UNTRUSTED_PEER", StringComparison.Ordinal));

        // Nothing of the peer that stays is believed while nobody can say what it may do.
        b.Observe(1);
        field.Run(1);
        Assert.Equal(1, a.Mesh.Counters[MeshCounter.GrantDenied]);

        a.Trust.Problem = null;
        field.Until(() => a.IsConnected(c), 40, "c is let in once the store is whole");
        Assert.True(a.IsConnected(b));
    });

    [Fact]
    [Trait("spec", "W-26")]
    [Trait("spec", "W-27")]
    public void A_first_key_that_cannot_be_written_makes_no_session_on_either_side() => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        SimulatedNode a = field.Node("a", "field", b);
        bool acceptor = field.Seed % 2 == 0;
        (acceptor ? b : a).Trust.FailWrites = true;
        field.Run(60);
        Assert.False(a.IsConnected(b));
        Assert.Empty(acceptor ? b.Mesh.Sessions : a.Mesh.Sessions);
        (acceptor ? b : a).Trust.FailWrites = false;
        field.Until(() => a.IsConnected(b) && b.IsConnected(a), 40, "the disk has room again");
        Assert.Equal(b.PublicKey, a.Trust.Entries[b.DeviceId.Value].PublicKey);
    });

    private sealed class InterruptedSigner(ISigner signer) : ISigner
    {
        public Action? Signing { get; set; }

        public NodeId DeviceId => signer.DeviceId;

        public ReadOnlyMemory<byte> PublicKey => signer.PublicKey;

        public byte[] Sign(ReadOnlySpan<byte> message)
        {
            Signing?.Invoke();
            return signer.Sign(message);
        }
    }
}
