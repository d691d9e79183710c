using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class QuietTimeTests
{
    [Theory]
    [InlineData(11, 16, 10, 0.9, false)]
    [InlineData(11, 16, 10, 1.1, true)]
    [InlineData(11, 16, 15.9, 0.2, true)]
    [InlineData(11, 16, 16, 1, false)]
    [InlineData(22, 5, 21.5, 0.4, false)]
    [InlineData(22, 5, 23, 1, true)]
    [InlineData(22, 5, 0, 0.1, true)]
    [InlineData(22, 5, 28.9, 0.05, true)]
    [InlineData(22, 5, 29, 1, false)]
    [InlineData(0, 24, 7, 0.1, true)]
    [InlineData(0, 1, 23.9, 0.2, true)]
    public void A_stretch_of_the_day_touches_quiet_hours_over_midnight_too(double quietFrom, double quietTo, double from, double length, bool touches) =>
        Assert.Equal(touches, QuietTime.Touches([new QuietSpan(quietFrom, quietTo)], from, length));

    [Fact]
    public void Without_quiet_hours_nothing_is_quiet() => Assert.False(QuietTime.Touches([], 12, 1));
}
