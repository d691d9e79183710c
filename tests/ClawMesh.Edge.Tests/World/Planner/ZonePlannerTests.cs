using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class ZonePlannerTests
{
    [Fact]
    public void A_bed_that_stays_inside_its_band_for_a_day_is_left_alone_and_no_plan_is_made()
    {
        var field = new PlannerField { Moisture = 27, LossPercentPerHour = 0.1f };

        PlanAdvice advice = field.Advise();

        Assert.Equal(AdviceKind.Nothing, advice.Kind);
        Assert.Equal(0, advice.Minutes);
        Assert.Equal(0, field.Engine.Plans);
        Assert.Equal("Moisture 27.0 %, falling 0.10 %/h; without water it stays above 20 % for 24 hours.", advice.Reasoning);
    }

    [Fact]
    public void A_bed_that_is_about_to_leave_its_band_is_watered_now_and_the_reasons_have_figures()
    {
        var field = new PlannerField { Moisture = 20.4, Used = new WaterUsed(180, 5) };

        PlanAdvice advice = field.Advise();

        Assert.Equal(AdviceKind.Water, advice.Kind);
        Assert.InRange(advice.Minutes, 5, 10);
        Assert.StartsWith("Moisture 20.4 %, falling 0.20 %/h; without water it leaves the band (20–30 %) at about 12:00; ", advice.Reasoning);
        Assert.EndsWith("; 180 of 400 l used today.", advice.Reasoning);
        Assert.Contains($"{advice.Minutes * 12:0} l", advice.Reasoning);
    }

    [Fact]
    public void The_expectation_says_what_comes_with_water_and_without()
    {
        var field = new PlannerField { Moisture = 20.4 };

        PlanAdvice advice = field.Advise();

        Expectation expected = advice.Expectation!;
        Assert.Equal("fc-1", expected.ForecastId);
        Assert.Equal(60, expected.AfterMinutes);
        Assert.Equal(20.4, expected.NowPercent);
        Assert.Equal(20.2, expected.WithoutPercent, 0.01);
        Assert.Equal(20.2 + (advice.Minutes / 60 * 40), expected.WithPercent, 0.05);
        // The forecast's own interval, and a tenth of what the valve adds.
        double around = 0.1 + (0.1 * (expected.WithPercent - expected.WithoutPercent));
        Assert.Equal(expected.WithPercent - around, expected.LowPercent, 0.01);
        Assert.Equal(expected.WithPercent + around, expected.HighPercent, 0.01);
    }

    [Fact]
    public void While_a_later_hour_does_as_well_it_waits()
    {
        var field = new PlannerField { Moisture = 22 };

        PlanAdvice advice = field.Advise();

        Assert.Equal(AdviceKind.Wait, advice.Kind);
        Assert.Equal(0, field.Engine.Plans);
        Assert.Contains("There is time until the next chance at about 11:00", advice.Reasoning);
    }

    [Fact]
    public void Before_a_long_quiet_stretch_it_does_not_wait()
    {
        var field = new PlannerField { Moisture = 22 };
        field.Goal = field.Goal with { QuietHours = [new QuietSpan(11, 23)] };

        // 22 % and 0.2 % an hour: below 20 % before 23:00.
        PlanAdvice advice = field.Advise();

        // 10:00 to 11:00 is the last hour, and the longest watering of 10 minutes ends within it.
        Assert.Equal(AdviceKind.Water, advice.Kind);
    }

    [Fact]
    public void A_wet_bed_is_not_watered_and_is_said_to_be_wet()
    {
        PlanAdvice advice = new PlannerField { Moisture = 33 }.Advise();

        Assert.Equal(AdviceKind.Nothing, advice.Kind);
        Assert.EndsWith("It is above 30 %, and only time dries it.", advice.Reasoning);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_forecast_that_holds_no_number_gives_no_advice(float broken)
    {
        var field = new PlannerField();
        ZoneOutlook good = field.Outlook();
        ZoneForecast forecast = good.Forecast;
        ZoneOutlook[] outlooks =
        [
            good with { Forecast = forecast with { Hourly = With(forecast.Hourly) } },
            good with { Forecast = forecast with { State = With(forecast.State) } },
            good with { Known = With(good.Known) },
            good with { Forecast = forecast with { Horizons = [forecast.Horizons[0] with { LowPercent = broken }] } },
        ];

        Assert.All(outlooks, outlook => Assert.Equal(AdviceKind.Unknown, field.Advise(outlook).Kind));

        float[] With(float[] values)
        {
            float[] copy = [.. values];
            copy[3] = broken;
            return copy;
        }
    }

    [Fact]
    public void Without_a_forecast_there_is_no_advice_and_the_reason_is_told()
    {
        var field = new PlannerField();
        ZoneOutlook outlook = field.Outlook();

        PlanAdvice advice = field.Advise(outlook with { Forecast = outlook.Forecast with { Unavailable = "the GPU is lost", FailureClass = FailureClass.Gpu } });

        Assert.Equal(AdviceKind.Unknown, advice.Kind);
        Assert.Contains("the GPU is lost", advice.Reasoning);
    }

    [Fact]
    public void Without_a_fresh_measurement_there_is_no_advice_however_good_the_forecast()
    {
        var field = new PlannerField();

        PlanAdvice advice = new ZonePlanner(field.Engine, field.Options).Advise(field.Goal, field.Outlook(), measured: null, default, field.SiteNow, null);

        Assert.Equal(AdviceKind.Unknown, advice.Kind);
        Assert.StartsWith("No advice: no sensor gave a fresh, believable moisture", advice.Reasoning);
    }

    [Fact]
    public void An_engine_that_cannot_plan_gives_no_advice()
    {
        var field = new PlannerField { Moisture = 20.4 };

        PlanAdvice advice = new ZonePlanner(new BrokenEngine(), field.Options).Advise(field.Goal, field.Outlook(), PlannerField.Evidence(20.4), default, field.SiteNow, null);

        Assert.Equal(AdviceKind.Unknown, advice.Kind);
        Assert.Contains("The device is gone", advice.Reasoning);
    }

    [Fact]
    public void More_uncertainty_waters_earlier()
    {
        var sure = new PlannerField { Moisture = 21.2, Uncertainty = 0.05 };
        var unsure = new PlannerField { Moisture = 21.2, Uncertainty = 1 };

        Assert.Equal(AdviceKind.Wait, sure.Advise().Kind);
        Assert.Equal(AdviceKind.Water, unsure.Advise().Kind);
    }

    [Fact]
    public void The_same_look_gives_the_same_advice()
    {
        var one = new PlannerField { Moisture = 20.4 };
        var two = new PlannerField { Moisture = 20.4 };

        PlanAdvice first = one.Advise(), second = two.Advise();

        Assert.Equal(first.Plan, second.Plan);
        Assert.Equal(first.Minutes, second.Minutes);
    }

    // Any goal, any moisture, any hour: what is advised stays inside what the operator wrote.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_advice_waters_in_quiet_hours_over_its_longest_watering_or_over_the_days_budget(int seed)
    {
        var chance = new Random(seed);
        int waters = 0;
        for (int i = 0; i < 150; i++)
        {
            double low = 10 + (chance.NextDouble() * 20), flow = 1 + (chance.NextDouble() * 60), budget = 1 + (chance.NextDouble() * 600), from = chance.Next(24);
            var field = new PlannerField
            {
                Moisture = low - 3 + (chance.NextDouble() * 8),
                LossPercentPerHour = (float)(chance.NextDouble() * 0.6),
                GainPercent = (float)(flow * 60 / 18),
                Uncertainty = chance.NextDouble(),
                Used = new WaterUsed(chance.NextDouble() * budget * 1.2, 0),
                SiteNow = new DateTimeOffset(2026, 6, 1, chance.Next(24), chance.Next(60), 0, TimeSpan.Zero),
                Options = new PlannerOptions { Candidates = 64 },
            };
            field.Goal = new ZoneGoal("zone-1", "actuator:valve:zone-1", low, low + 1 + (chance.NextDouble() * 10), flow, budget, [new QuietSpan(from, (from + 1 + chance.Next(12)) % 24)], ApprovalLevel.L1, 0.5 + (chance.NextDouble() * 59), 60);
            field.Standing = chance.Next(2) == 0 ? null : new StandingPlan(field.SiteNow.AddHours(-2), [.. Enumerable.Range(0, PlannerField.Steps).Select(_ => (float)chance.NextDouble() * 2)]);

            PlanAdvice advice = field.Advise();

            Assert.Equal(advice.Kind == AdviceKind.Water, advice.Minutes > 0);
            if (advice.Kind != AdviceKind.Water) continue;
            waters++;
            Assert.True(advice.Minutes <= field.Goal.MaxMinutes, $"{advice.Minutes} of {field.Goal.MaxMinutes} min");
            Assert.True((advice.Minutes * flow) + field.Used.Litres <= budget + 1e-6, $"{(advice.Minutes * flow) + field.Used.Litres} of {budget} l");
            for (double minute = 0; minute <= advice.Minutes; minute += 0.1)
                Assert.False(QuietTime.Touches(field.Goal.QuietHours, field.SiteNow.TimeOfDay.TotalHours + (minute / 60), 1e-6), $"{field.SiteNow} + {minute} min in {field.Goal.QuietHours[0]}");
        }

        Assert.True(waters > 10, $"{waters} of 150 advised water");
    }

    private sealed class BrokenEngine : IRolloutEngine
    {
        public string Name => "broken";

        public string Device => "none";

        public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem) => throw new EdgeException("gpu.lost", "Could not plan.", "The device is gone.", "Look at it.", FailureClass.Gpu);

        public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
