using ClawMesh.Edge.Mesh;

namespace ClawMesh.Edge.Tests.Mesh;

public class MeshCountersTests
{
    [Fact]
    [Trait("spec", "W-142")]
    public void A_metric_is_listed_after_its_first_increment_under_its_classic_name()
    {
        var counters = new MeshCounters();
        Assert.Empty(Listed(counters));

        counters.Add(MeshCounter.RateLimited);
        counters.Add(MeshCounter.ActuationForwards);
        counters.Add(MeshCounter.InboundMessages, 41);
        counters.Add(MeshCounter.InboundMessages);

        Assert.Equal([("mesh.inbound.messages", 42), ("mesh.inbound.rate_limited", 1), ("edge.actuation.forwards", 1)], Listed(counters));
        Assert.Equal(42, counters[MeshCounter.InboundMessages]);
    }

    [Fact]
    [Trait("spec", "W-142")]
    public void Every_counter_has_a_name_of_its_own_and_what_is_not_classic_says_edge()
    {
        string[] classic =
        [
            "mesh.inbound.messages", "mesh.inbound.rate_limited", "mesh.outbound.messages", "mesh.frames.ingested", "mesh.frames.broadcast",
        ];
        var counters = new MeshCounters();
        foreach (MeshCounter counter in Enum.GetValues<MeshCounter>()) counters.Add(counter);

        string[] names = [.. Listed(counters).Select(c => c.Name)];

        Assert.Equal(Enum.GetValues<MeshCounter>().Length, names.Distinct().Count());
        Assert.All(names, name => Assert.True(name.StartsWith("edge.", StringComparison.Ordinal) || classic.Contains(name), name));
    }

    [Theory]
    [InlineData(MeshCounter.InvalidJson, "edge.inbound.invalid_json")]
    [InlineData(MeshCounter.FramesIngested, "mesh.frames.ingested")]
    [InlineData(MeshCounter.ExtInvalid, "edge.ext.invalid")]
    [InlineData(MeshCounter.HandshakeFailures, "edge.handshake.failures")]
    public void The_names_stand_in_the_order_of_the_counters(MeshCounter counter, string name)
    {
        var counters = new MeshCounters();
        counters.Add(counter);

        Assert.Equal([(name, 1)], Listed(counters));
    }

    private static List<(string Name, long Value)> Listed(MeshCounters counters)
    {
        var listed = new List<(string, long)>();
        counters.ForEach((name, value) => listed.Add((name, value)));
        return listed;
    }
}
