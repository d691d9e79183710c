using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>A node as an origin, over the lives of its disk.</summary>
public class OriginTests
{
    [Fact]
    [Trait("spec", "X-14")]
    public void A_wiped_store_begins_above_what_peers_have_even_with_the_clock_a_year_back() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b", "field", a);
        field.Until(() => b.IsConnected(a), 5, "they meet");
        string before = a.Observe(1);
        field.Until(() => b.Knows(before), 2, "the peer has a frame");
        string old = a.Mesh.Own.Epoch!;
        field.Network.Kill(a);
        field.Time.StepWallClock(-TimeSpan.FromDays(365));
        // Handshakes are signed with the time; both clocks are wrong together, as after a night without power.
        SimulatedNode wiped = field.Node("a", new SimulatedNodeOptions { Trust = a.Trust });
        string after = wiped.Observe(2);
        Assert.Null(wiped.Mesh.Own.Epoch);
        Assert.Equal(1, wiped.Mesh.WaitingFrames.Held);
        field.Until(() => b.Knows(after), 90, "it speaks again");
        Assert.True(string.CompareOrdinal(wiped.Mesh.Own.Epoch, old) > 0, $"{wiped.Mesh.Own.Epoch} is not above {old}");
        Assert.Equal(after, Assert.Single(b.Mesh.World.Current()).FrameId);
    });

    [Fact]
    [Trait("spec", "X-14")]
    public void A_fresh_node_waits_ten_seconds_for_a_peer_and_not_at_all_where_it_trusts_nobody() => Field.EachSeed(field =>
    {
        SimulatedNode alone = field.Node("alone");
        alone.Observe(1);
        Assert.NotNull(alone.Mesh.Own.Epoch);

        var trust = new InMemoryTrustStore();
        trust.Add(Field.Key("nobody").DeviceId);
        SimulatedNode waiting = field.Dialling("waiting", ["nobody"], trust: trust);
        string id = waiting.Observe(1);
        field.Run(9);
        Assert.False(waiting.Knows(id));
        field.Run(2);
        Assert.True(waiting.Knows(id));
    });

    [Fact]
    [Trait("spec", "X-15")]
    [Trait("spec", "X-24")]
    public void After_an_unclean_end_the_unused_numbers_are_declared_void_and_leave_no_gap_anywhere() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b", "field", a);
        field.Until(() => b.IsConnected(a), 5, "they meet");
        for (int i = 0; i < 3; i++) a.Observe(i);
        field.Run(1);
        field.Network.Kill(a);
        SimulatedNode again = field.Node("a", new SimulatedNodeOptions { Trust = a.Trust, Archive = a.Archive, Settings = a.Settings });
        field.Until(() => b.IsConnected(again), 60, "it is back");
        string after = again.Observe(9);
        field.Until(() => b.Knows(after), 5, "it speaks");
        Assert.Equal(a.Mesh.Own.Epoch, again.Mesh.Own.Epoch);
        SequenceKnowledge known = b.Mesh.Book.Of(a.DeviceId.Value, a.Mesh.Own.Epoch!)!;
        Assert.Empty(known.Gaps);
        Assert.Equal([new SequenceRange(4, OwnFrames.Block)], known.Void);
        Assert.True(b.Mesh.World.Find(after)!.Stamp!.Sequence > OwnFrames.Block);
    });

    [Fact]
    [Trait("spec", "X-5")]
    public void A_node_that_joins_another_mesh_signs_anew_for_it() => Field.EachSeed(field =>
    {
        var membership = new SwitchableMembership("one");
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Membership = membership });
        for (int i = 0; i < 30; i++) a.Observe(i, $"zone-{i}");
        string before = a.Mesh.Own.Epoch!;
        membership.Join("mesh");
        SimulatedNode b = field.Node("b", "field", a);
        field.Until(() => b.IsConnected(a), 10, "they meet in the new mesh");
        string id = a.Observe(2);
        field.Until(() => b.Knows(id), 5, "its frames verify there");
        Assert.Equal(FrameStanding.Verified, b.Mesh.World.Find(id)!.Standing);
        Assert.True(string.CompareOrdinal(a.Mesh.Own.Epoch, before) > 0, $"{a.Mesh.Own.Epoch} is not above {before}");
        Assert.Null(b.Mesh.Book.Of(a.DeviceId.Value, before));
        // The catch-up used to give the frames of the mesh that was left to the new peer, which turned this node away for ten minutes.
        field.Run(5);
        Assert.Equal(0, b.Mesh.Counters[Mesh.MeshCounter.FrameInvalid]);
        Assert.True(b.IsConnected(a));
    });

    [Fact]
    [Trait("spec", "X-77")]
    [Trait("spec", "X-81")]
    public void A_node_that_starts_again_knows_what_it_knew() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a"), b = field.Node("b", "field", a);
        field.Until(() => b.IsConnected(a), 5, "they meet");
        string id = a.Observe(5), own = b.Observe(6, "zone-2");
        field.Until(() => b.Knows(id), 2, "it is heard");
        field.Run(1);
        field.Network.Kill(b);
        SimulatedNode again = field.Node("b", new SimulatedNodeOptions { Trust = b.Trust, Archive = b.Archive, Settings = b.Settings });
        Assert.True(again.Knows(id) && again.Knows(own));
        MeshFrame kept = again.Mesh.World.Find(id)!;
        Assert.Equal((FrameStanding.Verified, b.Mesh.World.Find(id)!.EffectiveTier), (kept.Standing, kept.EffectiveTier));
        Assert.Equal(1, again.Mesh.Book.Of(a.DeviceId.Value, a.Mesh.Own.Epoch!)!.Highest);
    });

    [Fact]
    [Trait("spec", "X-77")]
    public void An_alarm_is_on_disk_before_a_peer_hears_of_it_and_a_hung_disk_does_not_silence_it() => Field.EachSeed(field =>
    {
        var disk = new SlowArchive(new InMemoryFrameArchive());
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Archive = disk });
        ClassicLink link = field.ClassicDialler("listener", a).Link;
        string bulk = a.Observe(1);
        field.Until(() => link.Frames.Contains(bulk), 1, "a reading does not wait");
        string alarm = a.Observe(2, "zone-2", messageClass: Mesh.Transport.MessageClass.Safety);
        field.Run(0.2);
        Assert.DoesNotContain(alarm, link.Frames);
        disk.Finish();
        field.Until(() => link.Frames.Contains(alarm), 0.1, "it goes out once it is written");

        string hung = a.Observe(3, "zone-3", messageClass: Mesh.Transport.MessageClass.Safety);
        field.Until(() => link.Frames.Contains(hung), 1, "it goes out all the same");
        disk.Finish();
        field.Run(1);
        Assert.Single(link.Frames, f => f == hung);
    });

    private sealed class SwitchableMembership(string first) : Core.Identity.IMeshMembership
    {
        public string MeshId { get; private set; } = first;

        public bool IsOwnInvention => true;

        public Core.Identity.JoinPolicy PolicyOf(string meshId) => Core.Identity.JoinPolicy.Auto;

        public void Met(string meshId)
        {
        }

        public void Join(string meshId) => MeshId = meshId;
    }

    /// <summary>A disk that finishes a write when the test says so.</summary>
    private sealed class SlowArchive(IFrameArchive inner) : IFrameArchive
    {
        private readonly List<Action<bool>> _waiting = [];

        public FrameArchiveCounters Counters => inner.Counters;

        public long LastNumber => inner.LastNumber;

        public void Finish()
        {
            foreach (Action<bool> written in (Action<bool>[])[.. _waiting]) written(true);
            _waiting.Clear();
        }

        public void Append(ArchivedFrame frame, Action<bool>? written = null)
        {
            inner.Append(frame);
            if (written is not null) _waiting.Add(written);
        }

        public void Replace(ArchivedFrame frame) => inner.Replace(frame);

        public void Remember(SequenceKnowledge knowledge) => inner.Remember(knowledge);

        public IReadOnlyList<SequenceKnowledge> Knowledge() => inner.Knowledge();

        public IReadOnlyList<ArchivedFrame> Signed(string origin, string epoch, SequenceRange range, int maxFrames, int maxBytes) => inner.Signed(origin, epoch, range, maxFrames, maxBytes);

        public ArchivedFrame? Head(string origin) => inner.Head(origin);

        public IReadOnlyList<ClassicFrameId> Classic(long fromMs, long toMs) => inner.Classic(fromMs, toMs);

        public IReadOnlyList<ArchivedFrame> ClassicByHash(IReadOnlyList<string> idHashes, int maxFrames, int maxBytes) => inner.ClassicByHash(idHashes, maxFrames, maxBytes);

        public IReadOnlyList<OutboxFrame> OwnAfter(string self, long number, long sinceMs, int limit) => inner.OwnAfter(self, number, sinceMs, limit);

        public IReadOnlyList<ArchivedFrame> Newest(int limit) => inner.Newest(limit);

        public void Forget(string origin) => inner.Forget(origin);
    }
}
