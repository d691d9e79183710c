using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

public class WorldClockTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData("+00:00", 0)]
    [InlineData("+05:30", 330)]
    [InlineData("-03:00", -180)]
    [InlineData("+14:00", 840)]
    [InlineData("+14:01", null)]
    [InlineData("05:30", null)]
    [InlineData("+5:30", null)]
    [InlineData("+05:60", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void An_offset_is_written_with_its_sign_hours_and_minutes(string? text, int? minutes) =>
        Assert.Equal(minutes is { } m ? TimeSpan.FromMinutes(m) : null, WorldClock.ParseOffset(text));

    [Fact]
    public void A_real_site_has_the_wall_clock_with_its_offset()
    {
        WorldClock clock = WorldClock.OfRealSite(_time, TimeSpan.FromMinutes(330));

        Assert.Equal(_time.GetUtcNow(), clock.Now);
        Assert.Equal(TimeSpan.FromMinutes(690), clock.Now.TimeOfDay);
        Assert.Equal(1, clock.Rate);
    }

    [Fact]
    public void A_simulated_farm_begins_at_six_and_runs_at_its_own_rate_whatever_the_wall_clock_does()
    {
        _time.Advance(TimeSpan.FromHours(5));
        WorldClock clock = WorldClock.OfSimulatedFarm(_time, 60);
        Assert.Equal(TimeSpan.FromHours(6), clock.Now.TimeOfDay);

        _time.Advance(TimeSpan.FromMinutes(2));
        _time.StepWallClock(TimeSpan.FromHours(9));
        Assert.Equal(TimeSpan.FromHours(8), clock.Now.TimeOfDay);
        Assert.Equal(60, clock.Rate);
    }
}
