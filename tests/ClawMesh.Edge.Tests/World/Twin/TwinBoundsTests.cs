using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

/// <summary>Nothing grows without a bound, and a flood pushes out nothing that is alive ([W-82]).</summary>
public class TwinBoundsTests
{
    private static readonly TwinLimits Small = new() { Entities = 8, PropertiesPerEntity = 4, PropertiesPerNode = 4, Histories = 5 };

    private readonly TwinBench _bench = new(Small);

    [Fact]
    [Trait("spec", "W-82")]
    public void The_defaults_are_those_of_the_page()
    {
        Assert.Equal((1_024, 32, 256, 192, 300_000L), (TwinLimits.Default.Entities, TwinLimits.Default.PropertiesPerEntity, TwinLimits.Default.Histories, TwinLimits.Default.HistorySteps, TwinLimits.Default.FutureToleranceMs));
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void A_flood_of_names_finds_no_room_among_the_living_and_is_told_once()
    {
        for (int i = 0; i < 7; i++) _bench.Say(i, zone: $"zone-{i}");
        for (int i = 0; i < 500; i++) _bench.Say(1, zone: $"flood-{i}", timestamp: _bench.Now + i);

        Assert.Equal(8, _bench.Twin.Current.Entities.Count);
        for (int i = 0; i < 7; i++) Assert.NotNull(_bench.Twin.Current.Find($"zone:zone-{i}", "moisture"));
        Assert.Equal(500, _bench.Twin.Counts.Refused - (_bench.Twin.Counts.Histories == 5 ? 2 : 0));
        Assert.Single(_bench.Warnings, w => w.Contains("8 entities", StringComparison.Ordinal));
    }

    [Fact]
    public void What_nobody_has_spoken_of_for_half_an_hour_gives_way()
    {
        for (int i = 0; i < 7; i++) _bench.Say(i, zone: $"zone-{i}");
        _bench.Time.Advance(TimeSpan.FromMinutes(31));
        _bench.Twin.Age();

        Assert.True(_bench.Say(1, zone: "new"));
        Assert.NotNull(_bench.Twin.Current.Find("zone:new", "moisture"));
        Assert.Null(_bench.Twin.Current.Find("zone:zone-0", "moisture"));
        Assert.True(_bench.Twin.Counts.Evicted > 0);
    }

    [Fact]
    public void The_nodes_own_always_finds_room_and_never_gives_way()
    {
        for (int i = 0; i < 20; i++) _bench.Say(i, zone: $"foreign-{i}");
        _bench.Say(5, TwinBench.Self, zone: "own");
        Assert.Equal(5, _bench.Twin.Current.Find("zone:own", "moisture")!.Value);
        Assert.Equal(1, Filled("zone:own"));

        _bench.Time.Advance(TimeSpan.FromHours(1));
        _bench.Twin.Age();
        for (int i = 0; i < 50; i++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(2));
            _bench.Say(i, zone: $"later-{i}");
        }

        Assert.NotNull(_bench.Twin.Current.Find("zone:own", "moisture"));
        Assert.True(_bench.Twin.Current.Entities.Count <= 8);
    }

    [Fact]
    public void Properties_of_one_entity_are_bounded_and_so_are_the_histories()
    {
        for (int i = 0; i < 10; i++) _bench.Say(i, metric: $"m{i}");
        Assert.Equal(4, _bench.Twin.Current.Entities["zone:zone-1"].Properties.Count);
        for (int i = 0; i < 4; i++) _bench.Say(i, zone: "zone-2", metric: $"m{i}");

        Assert.Equal(5, _bench.Twin.Counts.Histories);
        Assert.Single(_bench.Warnings, w => w.Contains("5 histories", StringComparison.Ordinal));
        // It still has a current value.
        Assert.Equal(3, _bench.Twin.Current.Find("zone:zone-2", "m3")!.Value);
    }

    [Fact]
    public void A_frame_that_is_too_long_says_nothing()
    {
        string padding = new('x', TwinLimits.Default.FrameBytes);
        var frame = TwinBench.Frame($$"""{"zone":"zone-1","metric":"moisture","value":1,"text":"{{padding}}"}""", timestamp: _bench.Now);
        byte[] text = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(frame, ClawMesh.Edge.Core.Wire.WireJson.Default.ContextFrame);

        Assert.False(_bench.Twin.Fold(text, EvidenceTier.OperationalObservation, own: false));
        Assert.Empty(_bench.Twin.Current.Entities);
    }

    private int Filled(string entity) => _bench.Twin.History(entity, "moisture", TimeSpan.FromMinutes(15), new float[1]);
}
