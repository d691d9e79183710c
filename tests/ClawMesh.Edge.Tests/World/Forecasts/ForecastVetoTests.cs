using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Tests.Trust;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Twin;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.World.Forecasts;

/// <summary>When a forecast has something against a watering, and when it keeps silent.</summary>
public class ForecastVetoTests
{
    private const string Valve = "actuator:valve:zone-1";

    private static readonly DateTimeOffset Noon = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ActuationTerms TenMinutes = new(TimeSpan.FromMinutes(10), OutputRange.Exactly(OutputValue.Active));

    // A tenth of a percent per minute, hours later as well.
    private static readonly float[] Tenth = [.. Enumerable.Repeat(0.1f, 24)];

    [Fact]
    public void A_zone_that_is_too_wet_already_cancels_its_watering_and_the_reason_has_the_figures()
    {
        ForecastVeto veto = Veto(Flat(36));

        Restriction restriction = veto.Consider(Open(10));

        Assert.Null(restriction.Apply(TenMinutes));
        Assert.Equal("forecast 3f2a0000…: zone-1 is expected at 36 % by 14:00 without this watering and at 37 % with it; its band ends at 35 %.", restriction.Reason);
    }

    [Fact]
    public void A_watering_that_would_end_above_the_band_is_cut_to_the_minutes_that_fill_it()
    {
        // 34.4 %, band to 35 %: six minutes of a tenth each.
        Restriction restriction = Veto(Flat(34.4f)).Consider(Open(10));

        Assert.Equal(6, restriction.Apply(TenMinutes)!.Value.Lease.TotalMinutes, 3);
    }

    [Fact]
    public void A_watering_that_stays_within_the_band_is_left_alone()
    {
        Assert.True(Veto(Flat(33)).Consider(Open(10)).IsNone);
        Assert.True(Veto(Flat(10)).Consider(Open(10)).IsNone);
    }

    [Fact]
    public void The_hour_after_the_watering_decides_and_not_the_hours_before_or_after()
    {
        // Wet now, dry within the hour the water needs to arrive: no reason to let the zone go dry.
        float[] drying = [40, 30, 20, .. Enumerable.Repeat(20f, 21)];
        Assert.True(Veto(drying).Consider(Open(10)).IsNone);

        // Dry now, and rain that is expected in the second hour.
        float[] rain = [20, 40, .. Enumerable.Repeat(40f, 22)];
        Assert.Null(Veto(rain).Consider(Open(10)).Apply(TenMinutes));
    }

    public static TheoryData<string> Silent =>
        ["too old", "from the future", "unavailable", "simulated where outputs are real", "no numbers", "no rise", "water that dries", "no hours", "another valve", "closing"];

    [Theory]
    [MemberData(nameof(Silent))]
    public void What_a_forecast_does_not_know_it_does_not_restrict(string why)
    {
        var clock = new SiteClock { Now = Noon };
        ZoneForecast forecast = Forecast(Flat(50));
        float[] rise = Tenth;
        AllowedCommand command = Open(10);
        switch (why)
        {
            case "too old": clock.Now += ForecastVeto.MaxAge + TimeSpan.FromSeconds(1); break;
            case "from the future": clock.Now -= TimeSpan.FromMinutes(6); break;
            case "unavailable": forecast = forecast with { Unavailable = "the model is gone", FailureClass = FailureClass.Model }; break;
            case "simulated where outputs are real": forecast = forecast with { Simulated = true }; break;
            case "no numbers": forecast = forecast with { Hourly = Flat(float.NaN) }; break;
            case "no rise": rise = []; break;
            case "water that dries": rise = [.. Tenth.Select(r => -r)]; break;
            case "no hours": forecast = forecast with { Hourly = [] }; break;
            case "another valve": command = command with { Actuator = new ActuatorId("actuator:valve:zone-2") }; break;
            case "closing": command = command with { Value = OutputValue.Inactive }; break;
        }

        var veto = new ForecastVeto([Goal("zone-1", Valve)], clock, outputsAreReal: true);
        veto.Take(forecast, rise);

        Assert.True(veto.Consider(command).IsNone);
    }

    [Fact]
    public void A_forecast_is_used_to_the_end_of_its_two_hours_and_a_simulated_one_on_a_simulated_site()
    {
        var clock = new SiteClock { Now = Noon + ForecastVeto.MaxAge };
        var veto = new ForecastVeto([Goal("zone-1", Valve)], clock, outputsAreReal: false);

        veto.Take(Forecast(Flat(50)) with { Simulated = true }, Tenth);

        Assert.Null(veto.Consider(Open(10)).Apply(TenMinutes));
    }

    [Fact]
    public void A_forecast_that_became_unavailable_takes_the_place_of_the_last_one()
    {
        var veto = new ForecastVeto([Goal("zone-1", Valve)], new SiteClock { Now = Noon }, outputsAreReal: true);
        veto.Take(Forecast(Flat(50)), Tenth);

        Assert.True(veto.Take(Forecast([]) with { Unavailable = "NaN" }, []));

        Assert.True(veto.Consider(Open(10)).IsNone);
        Assert.False(veto.Take(Forecast(Flat(50)) with { Zone = "zone-9" }, Tenth));
    }

    [Fact]
    public void On_a_site_whose_time_runs_faster_a_lease_of_the_node_waters_longer()
    {
        // A minute of the node is an hour of the farm: six minutes of the farm are six seconds of the node.
        var clock = new SiteClock { Now = Noon, Rate = 60 };
        var veto = new ForecastVeto([Goal("zone-1", Valve)], clock, outputsAreReal: false);
        veto.Take(Forecast(Flat(34.4f)), Tenth);

        Restriction restriction = veto.Consider(Open(1));

        Assert.Equal(6, restriction.Apply(TenMinutes)!.Value.Lease.TotalSeconds, 3);
    }

    [Fact]
    public void A_valve_that_waters_two_zones_is_cut_to_what_the_drier_one_can_take()
    {
        ZoneGoal[] goals = [Goal("zone-1", Valve), Goal("zone-2", Valve)];
        var veto = new ForecastVeto(goals, new SiteClock { Now = Noon }, outputsAreReal: true);
        veto.Take(Forecast(Flat(50)), Tenth);
        Assert.True(veto.Consider(Open(10)).IsNone);

        veto.Take(Forecast(Flat(34.8f)) with { Zone = "zone-2", Id = "b" }, Tenth);

        Restriction restriction = veto.Consider(Open(10));
        Assert.Equal(2, restriction.Apply(TenMinutes)!.Value.Lease.TotalMinutes, 3);
        Assert.StartsWith("forecast b: zone-2 ", restriction.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_forecast_holds_no_more_is_left_than_was_allowed()
    {
        Gen<float> numbers = Gen.OneOf(Gen.Choose(-50, 150).Select(n => (float)n), Gen.Elements(float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.Epsilon));
        Gen<(float[] Hourly, float[] Rise, int Minutes, int Level, int AgeMinutes, int Rate, int High)> cases =
            from hourly in numbers.ArrayOf()
            from rise in numbers.ArrayOf()
            from minutes in Gen.Choose(1, 2_000)
            from level in Gen.Choose(0, 10)
            from age in Gen.Choose(-10, 150)
            from rate in Gen.Elements(0, 1, 60, 1_000)
            from high in Gen.Choose(0, 100)
            select (hourly, rise, minutes, level, age, rate, high);

        ForAll.Cases(cases, 3_000, c =>
        {
            var clock = new SiteClock { Now = Noon + TimeSpan.FromMinutes(c.AgeMinutes), Rate = c.Rate };
            var veto = new ForecastVeto([Goal("zone-1", Valve) with { HighPercent = c.High }], clock, outputsAreReal: true);
            veto.Take(Forecast(c.Hourly), c.Rise);
            AllowedCommand command = Open(c.Minutes) with { Value = new OutputValue(c.Level / 10.0) };

            Restriction restriction = veto.Consider(command);

            ActuationTerms allowed = new(command.Lease, OutputRange.Exactly(command.Value));
            if (restriction.Apply(allowed) is { } left) Assert.True(left.Lease <= allowed.Lease && left.Range == allowed.Range);
            Assert.True(restriction.IsNone || restriction.Reason.StartsWith("forecast ", StringComparison.Ordinal));
        });
    }

    private static ForecastVeto Veto(float[] hourly)
    {
        var veto = new ForecastVeto([Goal("zone-1", Valve)], new SiteClock { Now = Noon }, outputsAreReal: true);
        veto.Take(Forecast(hourly), Tenth);
        return veto;
    }

    private static AllowedCommand Open(double minutes) => new(new ActuatorId(Valve), OutputValue.Active, TimeSpan.FromMinutes(minutes));

    private static float[] Flat(float percent) => [.. Enumerable.Repeat(percent, 24)];

    private static ZoneForecast Forecast(float[] hourly) => new("3f2a0000-0000-4000-8000-000000000001", "zone-1", Noon, "soil-water", "cpu", Simulated: false, [], [], hourly);

    private static ZoneGoal Goal(string zone, string target) => new(zone, target, 25, 35, 20, 500, [], ApprovalLevel.L1, 30, 60);

    private sealed class SiteClock : IWorldClock
    {
        public DateTimeOffset Now { get; set; }

        public double Rate { get; set; } = 1;
    }
}
