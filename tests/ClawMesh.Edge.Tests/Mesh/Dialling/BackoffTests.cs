using ClawMesh.Edge.Mesh.Dialling;

namespace ClawMesh.Edge.Tests.Mesh.Dialling;

[Trait("spec", "W-42")]
public sealed class BackoffTests
{
    [Theory]
    [InlineData(0.0, 1.0)]
    [InlineData(0.5, 1.1)]
    [InlineData(1.0, 1.2)]
    public void Pauses_double_up_to_30_seconds_with_up_to_a_fifth_more(double chance, double factor)
    {
        var backoff = new Backoff(() => chance);

        double[] pauses = [.. Enumerable.Range(0, 8).Select(_ => backoff.Next().TotalSeconds)];

        double[] expected = [1, 2, 4, 8, 16, 30, 30, 30];
        Assert.Equal(expected.Select(s => s * factor), pauses, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(8, backoff.Attempts);
    }

    [Fact]
    public void Only_a_reset_brings_the_pause_back_to_one_second()
    {
        var backoff = new Backoff(() => 0);
        for (int i = 0; i < 1000; i++) backoff.Next();
        Assert.Equal(TimeSpan.FromSeconds(30), backoff.Next());

        backoff.Reset();

        Assert.Equal(0, backoff.Attempts);
        Assert.Equal(TimeSpan.FromSeconds(1), backoff.Next());
    }
}
