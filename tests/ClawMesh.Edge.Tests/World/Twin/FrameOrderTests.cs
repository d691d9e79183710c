using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

public class FrameOrderTests
{
    [Fact]
    [Trait("spec", "W-79")]
    public void Without_a_verified_hybrid_time_the_timestamp_decides_and_the_id_on_a_tie()
    {
        Assert.True(FrameOrder.Of(2, "a").CompareTo(FrameOrder.Of(1, "z")) > 0);
        Assert.True(FrameOrder.Of(1, "b").CompareTo(FrameOrder.Of(1, "a")) > 0);
        Assert.Equal(0, FrameOrder.Of(1, "a").CompareTo(FrameOrder.Of(1, "a")));
    }

    [Fact]
    public void A_verified_hybrid_time_decides_against_the_timestamp()
    {
        Assert.True(FrameOrder.Of(1, "a", Hlc(10, 0)).CompareTo(FrameOrder.Of(99, "b", Hlc(9, 5))) > 0);
        Assert.True(FrameOrder.Of(1, "a", Hlc(9, 6)).CompareTo(FrameOrder.Of(1, "b", Hlc(9, 5))) > 0);
        Assert.Equal(10, FrameOrder.Of(1, "a", Hlc(10, 0)).Ms);
    }

    [Theory]
    [InlineData("")]
    [InlineData("zzzzzzzzzzzz0000aaaaaaaa")]
    [InlineData("00000000000a")]
    public void Text_that_is_no_hybrid_time_counts_as_none(string text) => Assert.Equal(7, FrameOrder.Of(7, "a", text).Ms);

    [Fact]
    public void The_order_is_total_also_where_some_carry_a_hybrid_time_and_some_do_not()
    {
        var chance = new Random(11);
        for (int round = 0; round < 500; round++)
        {
            FrameOrder[] three = [Any(chance), Any(chance), Any(chance)];
            foreach (FrameOrder a in three)
            {
                foreach (FrameOrder b in three)
                {
                    Assert.Equal(Math.Sign(a.CompareTo(b)), -Math.Sign(b.CompareTo(a)));
                    foreach (FrameOrder c in three)
                    {
                        if (a.CompareTo(b) > 0 && b.CompareTo(c) > 0) Assert.True(a.CompareTo(c) > 0);
                    }
                }
            }
        }
    }

    private static FrameOrder Any(Random chance) =>
        FrameOrder.Of(chance.Next(4), $"{(char)('a' + chance.Next(3))}", chance.Next(2) == 0 ? null : Hlc(chance.Next(4), chance.Next(2)));

    private static string Hlc(long ms, int counter) => $"{ms:x12}{counter:x4}aaaaaaaa";
}
