using System.Text.Json;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Frames;

namespace ClawMesh.Edge.Tests.Agent.Node;

public class WorldPictureTests
{
    [Fact]
    [Trait("spec", "W-79")]
    public void The_current_value_is_chosen_by_time_and_not_by_arrival()
    {
        var world = new WorldPicture();

        world.Ingest(Moisture("zone-1", 30, timestamp: 200, id: "b"));
        world.Ingest(Moisture("zone-1", 20, timestamp: 100, id: "c"));

        ContextFrame current = Assert.Single(world.Current());
        Assert.Equal(30, current.Data.GetProperty("value").GetDouble());
        Assert.Equal(2, world.Log(10, null, null).Count);
    }

    [Fact]
    [Trait("spec", "W-79")]
    public void Of_two_frames_of_one_moment_the_higher_id_is_current()
    {
        var world = new WorldPicture();

        world.Ingest(Moisture("zone-1", 1, timestamp: 100, id: "b"));
        world.Ingest(Moisture("zone-1", 2, timestamp: 100, id: "a"));

        Assert.Equal("b", Assert.Single(world.Current()).FrameId);
    }

    [Fact]
    [Trait("spec", "W-81")]
    public void An_observation_is_keyed_by_zone_and_metric_and_everything_else_by_its_data()
    {
        Assert.Equal("d:observation:zone-1:moisture", WorldPicture.KeyOf(Moisture("zone-1", 3, 1, "x")));
        Assert.Equal("""d:event:{"a":1,"b":2}""", WorldPicture.KeyOf(Frame("event", """{"b":2,"a":1}""", 1, "x")));
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void Entries_and_log_stay_inside_their_bounds_and_the_oldest_goes()
    {
        var world = new WorldPicture();

        for (int i = 0; i < WorldPicture.MaxEntries + 7; i++) world.Ingest(Moisture($"zone-{i}", i, timestamp: i, id: "x"));

        (int entries, int frames, long evicted) = world.Counts;
        Assert.Equal(WorldPicture.MaxEntries, entries);
        Assert.Equal(WorldPicture.MaxFrames, frames);
        Assert.Equal(7, evicted);
        Assert.DoesNotContain(world.Current(), f => f.Data.GetProperty("zone").GetString() == "zone-3");
    }

    private static ContextFrame Moisture(string zone, double value, long timestamp, string id) =>
        Frame("observation", $$"""{"zone":"{{zone}}","metric":"moisture","value":{{value}}}""", timestamp, id);

    private static ContextFrame Frame(string kind, string data, long timestamp, string id)
    {
        using JsonDocument document = JsonDocument.Parse(data);
        return new ContextFrame
        {
            Kind = kind, FrameId = id, SourceDeviceId = "d", Timestamp = timestamp, Data = document.RootElement.Clone(),
            Trust = new FrameTrust(["sensor"], "T2_operational_observation"),
        };
    }
}
