using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

/// <summary>What holds whatever comes, by seed.</summary>
public class TwinPropertyTests
{
    private static readonly string[] Zones = ["zone-1", "zone-2", "tank-1", "mainline"];
    private static readonly string[] Metrics = ["moisture", "temp", "level", "flow"];
    private static readonly string[] Kinds = ["observation", "observation", "observation", "inference", "agent_response", "event", "human_input"];
    private static readonly string[][] Sources = [["sensor"], ["sensor"], ["device"], ["llm"], ["mixed"], ["sensor", "llm"], []];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void In_whatever_order_frames_arrive_the_picture_is_the_same_and_no_late_one_replaces_a_newer(int seed)
    {
        var chance = new Random(seed);
        var first = new TwinBench();
        ContextFrame[] frames = [.. Enumerable.Range(0, 300).Select(_ => Any(chance, first.Now))];
        EvidenceTier[] tiers = [.. frames.Select(_ => (EvidenceTier)chance.Next(4))];
        Fold(first, frames, tiers);
        string expected = Text(first.Twin.Current);

        for (int round = 0; round < 10; round++)
        {
            int[] order = [.. Enumerable.Range(0, frames.Length)];
            chance.Shuffle(order);
            var other = new TwinBench();
            var newest = new Dictionary<string, long>();
            foreach (int i in order)
            {
                Fold(other, [frames[i]], [tiers[i]]);
                foreach (TwinEntity entity in other.Twin.Current.Entities.Values)
                {
                    foreach (TwinProperty property in entity.Properties.Values)
                    {
                        string key = $"{entity.Id} {property.Name}";
                        Assert.True(property.TimestampMs >= newest.GetValueOrDefault(key, long.MinValue), key);
                        newest[key] = property.TimestampMs;
                    }
                }
            }

            Assert.Equal(expected, Text(other.Twin.Current));
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Under_random_frames_versions_rise_bounds_hold_and_no_forecast_is_shown_as_an_observation(int seed)
    {
        var chance = new Random(seed);
        var limits = new TwinLimits { Entities = 12, PropertiesPerEntity = 3, PropertiesPerNode = 4, Histories = 6 };
        var bench = new TwinBench(limits);
        var models = new HashSet<string>();
        long version = 0;
        for (int i = 0; i < 4_000; i++)
        {
            ContextFrame frame = Any(chance, bench.Now, zone: $"zone-{chance.Next(30)}", self: true);
            EvidenceTier believed = (EvidenceTier)chance.Next(4);
            if (believed == EvidenceTier.PlanningInference || frame.Kind is "inference" or "agent_response" || frame.Trust.EvidenceSources.Any(s => s is "llm" or "mixed")) models.Add(frame.FrameId);
            Fold(bench, [frame], [believed]);
            bench.Time.Advance(TimeSpan.FromSeconds(chance.Next(20)));
            if (chance.Next(4) == 0) bench.Twin.Age();
            if (chance.Next(3) != 0) continue;

            TwinSnapshot twin = bench.Twin.Current;
            Assert.True(twin.Version >= version);
            version = twin.Version;
            Assert.True(twin.Entities.Count <= limits.Entities);
            Assert.True(bench.Twin.Counts.Histories <= limits.Histories);
            foreach (TwinEntity entity in twin.Entities.Values)
            {
                Assert.True(entity.Properties.Count <= (entity.Kind == EntityKind.Node ? limits.PropertiesPerNode : limits.PropertiesPerEntity));
                if (entity.Kind == EntityKind.Node) continue;
                foreach (TwinProperty property in entity.Properties.Values)
                {
                    bool forecast = property.Name.StartsWith("forecast:", StringComparison.Ordinal);
                    Assert.Equal(forecast, models.Contains(property.FrameId));
                    if (forecast) Assert.Equal(EvidenceTier.PlanningInference, property.Tier);
                }
            }
        }

        Assert.True(version > 100);
        Assert.NotEmpty(models);
    }

    [Fact]
    public async Task Readers_beside_the_writer_see_whole_pictures_with_rising_versions()
    {
        var bench = new TwinBench();
        using var done = new CancellationTokenSource();
        Task reader = Task.Run(() =>
        {
            long version = 0;
            while (!done.IsCancellationRequested)
            {
                TwinSnapshot twin = bench.Twin.Current;
                Assert.True(twin.Version >= version);
                version = twin.Version;
                // Both numbers of one frame's moment or neither: they are folded as pairs, temp after moisture.
                if (twin.Find("zone:zone-1", "temp") is { } temp) Assert.True(twin.Find("zone:zone-1", "moisture")!.Value >= temp.Value);
            }
        }, TestContext.Current.CancellationToken);
        for (int i = 1; i <= 5_000; i++)
        {
            bench.Say(i, timestamp: bench.Now + i);
            bench.Say(i, timestamp: bench.Now + i, metric: "temp");
        }

        await done.CancelAsync();
        await reader;
        Assert.Equal(5_000, bench.Moisture!.Value);
    }

    private static void Fold(TwinBench bench, ContextFrame[] frames, EvidenceTier[] tiers)
    {
        for (int i = 0; i < frames.Length; i++) bench.Fold(frames[i], tiers[i]);
    }

    // Few moments, so that ties happen.
    private static ContextFrame Any(Random chance, long now, string? zone = null, bool self = false)
    {
        NodeId source = chance.Next(self ? 3 : 2) switch { 0 => TwinBench.Peer, 1 => TwinBench.Other, _ => TwinBench.Self };
        string data = TwinBench.Moist(chance.Next(100), zone ?? Zones[chance.Next(Zones.Length)], Metrics[chance.Next(Metrics.Length)]);
        return TwinBench.Frame(data, source, now - (chance.Next(40) * 1_000), $"{chance.Next():x8}", Kinds[chance.Next(Kinds.Length)], Sources[chance.Next(Sources.Length)]);
    }

    private static string Text(TwinSnapshot twin) => string.Join('\n',
        from entity in twin.Entities.Values
        from property in entity.Properties.Values
        orderby entity.Id, property.Name
        select $"{entity.Id} {property.Name} {property.Value} {property.Text} {property.Tier} {property.Origin} {property.FrameId} {property.TimestampMs} {property.Freshness}");
}
