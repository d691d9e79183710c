using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class ForecastComparisonTests
{
    private static readonly DateTimeOffset Began = new(2026, 6, 1, 10, 0, 0, TimeSpan.Zero);
    private static readonly Expectation Expected = new("fc-1", 20.5, 60, 20.3, 24.3, 24, 24.6);

    [Theory]
    [InlineData(24.4, true)]
    [InlineData(24.7, false)]
    [InlineData(23.9, false)]
    public void What_is_measured_when_the_time_has_come_is_held_against_what_was_expected(double measured, bool inside)
    {
        Comparison comparison = ForecastComparison.Of(Expected, Began, PlannerField.Evidence(measured), Began.AddMinutes(61))!;

        Assert.Equal(inside, comparison.Inside);
        Assert.Equal(measured - 24.3, comparison.ErrorPercent, 1e-9);
        Assert.Equal(24.3, comparison.ExpectedPercent);
    }

    [Fact]
    public void Too_early_and_too_late_there_is_nothing_to_compare()
    {
        Assert.Null(ForecastComparison.Of(Expected, Began, PlannerField.Evidence(24), Began.AddMinutes(59)));
        Assert.Null(ForecastComparison.Of(Expected, Began, PlannerField.Evidence(24), Began.AddMinutes(120)));
        Assert.True(ForecastComparison.IsMissed(Expected, Began, Began.AddMinutes(120)));
        Assert.False(ForecastComparison.IsMissed(Expected, Began, Began.AddMinutes(119)));
    }
}
