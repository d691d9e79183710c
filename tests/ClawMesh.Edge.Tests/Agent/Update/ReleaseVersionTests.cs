using ClawMesh.Edge.Agent.Update;

namespace ClawMesh.Edge.Tests.Agent.Update;

public sealed class ReleaseVersionTests
{
    [Theory]
    [InlineData("0.1.0", "0.2.0")]
    [InlineData("0.9.0", "0.10.0")]
    [InlineData("1.0.0-beta.2", "1.0.0")]
    [InlineData("1.0.0-beta.2", "1.0.0-beta.11")]
    [InlineData("1.0.0-beta", "1.0.0-beta.1")]
    [InlineData("1.0.0-1", "1.0.0-alpha")]
    [InlineData("1.0", "1.0.1")]
    public void The_first_is_older(string older, string newer)
    {
        Assert.True(ReleaseVersion.Compare(older, newer) < 0);
        Assert.True(ReleaseVersion.Compare(newer, older) > 0);
    }

    [Theory]
    [InlineData("1.0", "1.0.0")]
    [InlineData("1.0.0+a", "1.0.0+b")]
    [InlineData("1.0.0-rc.1", "1.0.0-rc.1")]
    public void Both_are_of_the_same_age(string left, string right) => Assert.Equal(0, ReleaseVersion.Compare(left, right));
}
