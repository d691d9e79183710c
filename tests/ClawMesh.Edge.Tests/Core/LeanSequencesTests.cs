namespace ClawMesh.Edge.Tests.Core;

public sealed class LeanSequencesTests
{
    [Fact]
    public void Code_of_this_product_gets_the_lean_operators_and_not_those_of_System_Linq()
    {
        Assert.Equal(typeof(LeanSequences), new[] { 1 }.Select(n => n).GetType().DeclaringType);
        Assert.Equal(typeof(LeanSequences), new[] { 1 }.Where(n => n > 0).GetType().DeclaringType);
    }

    [Fact]
    public void They_are_lazy_keep_the_order_and_can_be_read_twice()
    {
        int reads = 0;
        IEnumerable<string> even = Enumerable.Range(1, 6).Where(n => n % 2 == 0).Select(n => $"{n}:{++reads}");

        Assert.Equal(0, reads);
        Assert.Equal("2:1", even.First());
        Assert.Equal(["2:2", "4:3", "6:4"], even);
    }
}
