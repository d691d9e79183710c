using ClawMesh.Edge.Mesh.Gossip;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

public class SeenSetTests
{
    [Fact]
    [Trait("spec", "W-74")]
    public void An_id_is_new_once()
    {
        var seen = new SeenSet();

        Assert.True(seen.Add("a"));
        Assert.False(seen.Add("a"));
        Assert.True(seen.Contains("a"));
        Assert.False(seen.Contains("A"));
        Assert.Equal(1, seen.Count);
    }

    [Fact]
    [Trait("spec", "W-76")]
    public void It_keeps_the_latest_20_000_and_no_more()
    {
        var seen = new SeenSet();
        for (int i = 0; i < 50_000; i++) Assert.True(seen.Add($"{i}"));

        Assert.Equal((20_000, 30_000L), (seen.Count, seen.Evicted));
        Assert.True(seen.Contains("30000"));
        Assert.False(seen.Contains("29999"));
    }

    [Fact]
    [Trait("spec", "W-76")]
    public void An_id_met_again_is_kept_longer_and_a_look_is_no_meeting()
    {
        var seen = new SeenSet(3);
        foreach (string id in new[] { "a", "b", "c", "a" }) seen.Add(id);
        Assert.True(seen.Contains("b"));

        seen.Add("d");

        Assert.False(seen.Contains("b"));
        Assert.True(seen.Contains("a") && seen.Contains("c") && seen.Contains("d"));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 37)]
    [InlineData(4, 700)]
    [Trait("spec", "W-76")]
    public void It_does_what_a_plain_list_would(int seed, int capacity)
    {
        var random = new Random(seed);
        var seen = new SeenSet(capacity);
        var newestFirst = new LinkedList<string>();

        for (int i = 0; i < 5_000; i++)
        {
            string id = $"{random.Next(capacity * 2)}";
            bool known = newestFirst.Remove(id);
            newestFirst.AddFirst(id);
            if (newestFirst.Count > capacity) newestFirst.RemoveLast();

            Assert.Equal(!known, seen.Add(id));
            Assert.Equal(newestFirst.Count, seen.Count);
            string asked = $"{random.Next(capacity * 2)}";
            Assert.Equal(newestFirst.Contains(asked), seen.Contains(asked));
        }
    }
}
