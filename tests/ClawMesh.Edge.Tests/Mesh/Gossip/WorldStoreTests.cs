using System.Text.Json.Nodes;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

/// <summary>Current values, the log, and what stays bounded under a flood (conformance row C24 for the world model).</summary>
public class WorldStoreTests
{
    private readonly ManualTime _time = new();

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    [Trait("spec", "W-79")]
    public void The_current_value_is_the_newest_by_time_and_by_id_on_a_tie_never_the_last_to_arrive()
    {
        WorldStore world = Store();
        Told(world, Now - 10, "m");
        Assert.Equal("m", Current(world));
        Told(world, Now - 20, "z");
        Assert.Equal("m", Current(world));
        Told(world, Now - 10, "a");
        Assert.Equal("m", Current(world));
        Told(world, Now - 10, "n");
        Assert.Equal("n", Current(world));
        Told(world, Now - 9, "b");
        Assert.Equal("b", Current(world));

        // Every one of them is in the log, as it came.
        Assert.Equal(["m", "z", "a", "n", "b"], world.Log(10, null, null).Select(f => f.FrameId));
        Assert.Equal(1, world.Counts.Entries);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(300_000, true)]
    [InlineData(300_001, false)]
    [Trait("spec", "W-80")]
    public void A_frame_from_the_future_is_stored_and_never_current(long ahead, bool current)
    {
        WorldStore world = Store();
        Told(world, Now, "now");

        Told(world, Now + ahead, "z");

        Assert.Equal(current ? "z" : "now", Current(world));
        Assert.Equal(2, world.Counts.Frames);
    }

    [Fact]
    [Trait("spec", "W-81")]
    public void Each_source_zone_and_metric_has_an_entry_of_its_own()
    {
        WorldStore world = Store();
        foreach (string source in new[] { Ids.B.Value, Ids.C.Value })
        {
            foreach (string zone in new[] { "zone-1", "zone-2" })
            {
                foreach (string metric in new[] { "moisture", "temp" })
                {
                    for (int i = 0; i < 3; i++) world.Ingest(Frames.Frame(Frames.Good(source, Now - i, zone, metric)));
                }
            }
        }

        Assert.Equal(new WorldCounts(8, 24, 0), world.Counts);
        Assert.Equal(world.Current().Select(f => f.Key).Order(StringComparer.Ordinal), world.Current().Select(f => f.Key));
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void Under_a_flood_of_keys_the_least_recently_updated_of_others_goes_and_an_own_one_never()
    {
        var world = new WorldStore(Ids.A, _time, maxEntries: 10, maxFrames: 20);
        for (int i = 0; i < 5; i++) world.Ingest(Frames.Frame(Frames.Good(Ids.A.Value, Now, $"own-{i}")));
        for (int i = 0; i < 5; i++) world.Ingest(Frames.Frame(Frames.Good(Ids.B.Value, Now, $"foreign-{i}")));
        // The oldest of the others is heard again, so the next one is the oldest.
        world.Ingest(Frames.Frame(Frames.Good(Ids.B.Value, Now + 1, "foreign-0")));
        // An older frame of a key is no update of it.
        world.Ingest(Frames.Frame(Frames.Good(Ids.B.Value, Now - 1, "foreign-1")));
        world.Ingest(Frames.Frame(Frames.Good(Ids.C.Value, Now, "new")));

        string[] zones = [.. world.Current().Select(f => f.Zone!).Order(StringComparer.Ordinal)];
        Assert.Equal(["foreign-0", "foreign-2", "foreign-3", "foreign-4", "new", "own-0", "own-1", "own-2", "own-3", "own-4"], zones);
        Assert.Equal(1, world.Counts.Evicted);

        for (int i = 0; i < 1_000; i++) world.Ingest(Frames.Frame(Frames.Good(Ids.C.Value, Now, $"flood-{i}")));
        Assert.Equal(new WorldCounts(10, 20, 1_001), world.Counts);
        Assert.Equal(5, world.Current().Count(f => f.SourceDeviceId == Ids.A.Value));
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void Even_keys_of_our_own_stay_within_the_bound()
    {
        var world = new WorldStore(Ids.A, _time, maxEntries: 4, maxFrames: 4);
        for (int i = 0; i < 50; i++) world.Ingest(Frames.Frame(Frames.Good(Ids.A.Value, Now, $"own-{i}")));

        Assert.Equal(new WorldCounts(4, 4, 46), world.Counts);
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void The_defaults_are_those_of_the_rule()
    {
        Assert.Equal(10_000, WorldStore.DefaultEntries);
        Assert.Equal(5_000, WorldStore.DefaultFrames);
    }

    [Fact]
    [Trait("spec", "W-138")]
    public void The_log_is_filtered_first_and_cut_to_the_last_then()
    {
        WorldStore world = Store();
        for (int i = 0; i < 20; i++) world.Ingest(Frames.Frame(Frames.Good(i % 2 == 0 ? Ids.B.Value : Ids.C.Value, Now, kind: i % 4 == 0 ? "event" : "observation", id: $"f{i:00}")));

        Assert.Equal(["f18", "f19"], world.Log(2, null, null).Select(f => f.FrameId));
        Assert.Equal(["f12", "f16"], world.Log(2, "event", null).Select(f => f.FrameId));
        Assert.Equal(["f14", "f18"], world.Log(2, "observation", Ids.B.Value).Select(f => f.FrameId));
        Assert.Empty(world.Log(5, "event", Ids.C.Value));
        Assert.Equal(20, world.Log(200, null, null).Count);
    }

    [Fact]
    [Trait("spec", "W-9")]
    [Trait("spec", "W-138")]
    public void The_log_can_be_cut_to_what_fits_into_an_answer()
    {
        WorldStore world = Store();
        MeshFrame[] frames = [.. Enumerable.Range(0, 10).Select(i => Frames.Frame(Frames.Good(id: $"f{i}")))];
        foreach (MeshFrame frame in frames) world.Ingest(frame);
        long two = frames[8].Utf8.Length + frames[9].Utf8.Length + 2;

        Assert.Equal(["f8", "f9"], world.Log(10, null, null, two).Select(f => f.FrameId));
        Assert.Equal(["f9"], world.Log(10, null, null, two - 1).Select(f => f.FrameId));
        Assert.Equal(10, world.Log(10, null, null).Count);
    }

    [Fact]
    [Trait("spec", "W-86")]
    public void A_catch_up_sees_the_latest_five_hundred_newer_than_since_by_kind_and_zone()
    {
        WorldStore world = Store();
        for (int i = 0; i < 600; i++) world.Ingest(Frames.Frame(Frames.Good(timestamp: i, zone: i % 2 == 0 ? "even" : "odd", kind: i % 3 == 0 ? "event" : "observation", id: $"f{i:000}")));

        Assert.Equal(500, world.Since(0, null, null).Count);
        Assert.Equal("f100", world.Since(long.MinValue, null, null)[0].FrameId);
        // Strictly greater.
        Assert.Equal(["f598", "f599"], world.Since(597, null, null).Select(f => f.FrameId));
        Assert.Empty(world.Since(599, null, null));
        Assert.Equal(["f597", "f599"], world.Since(596, null, "odd").Select(f => f.FrameId));
        Assert.Equal(["f597"], world.Since(594, "event", null).Select(f => f.FrameId));
        Assert.Equal(["f594"], world.Since(590, "event", "even").Select(f => f.FrameId));
        Assert.Empty(world.Since(0, null, "Odd"));
        // Arrival order, not time.
        world.Ingest(Frames.Frame(Frames.Good(timestamp: 598, id: "late")));
        Assert.Equal(["f598", "f599", "late"], world.Since(597, null, null).Select(f => f.FrameId));
    }

    [Fact]
    [Trait("spec", "W-87")]
    public void The_time_of_the_frame_that_came_last_is_known()
    {
        WorldStore world = Store();
        Assert.Null(world.LastTimestamp);
        Told(world, 7, "a");
        Told(world, 5, "b");
        Assert.Equal(5, world.LastTimestamp);
    }

    [Fact]
    public void Whoever_follows_the_log_gets_each_frame_once_and_learns_what_was_missed()
    {
        var world = new WorldStore(Ids.A, _time, maxEntries: 10, maxFrames: 6);
        var heard = new List<MeshFrame>();
        long place = world.Follow(0, heard, 10, out long missed);
        Assert.Equal((0L, 0L, 0), (place, missed, heard.Count));

        for (int i = 0; i < 4; i++) Told(world, Now, $"f{i}");
        place = world.Follow(place, heard, 10, out missed);
        Assert.Equal((4L, 0L, "f0 f1 f2 f3"), (place, missed, Taken(heard)));
        Assert.Equal(4, world.Follow(place, heard, 10, out missed));
        Assert.Empty(heard);

        for (int i = 4; i < 14; i++) Told(world, Now, $"f{i}");
        place = world.Follow(place, heard, 10, out missed);
        Assert.Equal((14L, 4L, "f8 f9 f10 f11 f12 f13"), (place, missed, Taken(heard)));

        for (int i = 14; i < 18; i++) Told(world, Now, $"f{i}");
        Assert.Equal((18L, "f16 f17"), (world.Follow(place, heard, 2, out missed), Taken(heard)));
        Assert.Equal(2, missed);

        static string Taken(List<MeshFrame> frames)
        {
            string ids = string.Join(' ', frames.Select(f => f.FrameId));
            frames.Clear();
            return ids;
        }
    }

    private WorldStore Store() => new(Ids.A, _time);

    private static string Current(WorldStore world) => Assert.Single(world.Current()).FrameId;

    private static void Told(WorldStore world, long timestamp, string id) => world.Ingest(Frames.Frame(Frames.Good(timestamp: timestamp, id: id, data: new JsonObject { ["zone"] = "z", ["metric"] = "m" })));
}
