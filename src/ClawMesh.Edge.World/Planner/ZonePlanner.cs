using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.World.Planner;

/// <summary>
/// Thinks about one zone. It waters as late as it can: as long as the zone stays inside its band until the next hour in which watering
/// is allowed, waiting costs nothing and a later look knows more. When waiting would cost, it asks the engine for the best of thousands
/// of plans and advises that plan's first hour. One caller at a time.
/// </summary>
public sealed class ZonePlanner(IRolloutEngine engine, PlannerOptions options)
{
    private const int AfterMinutes = 60;

    // A valve's flow is known to about a tenth: it goes with the level of the tank.
    private const double FlowUncertainty = 0.1;

    /// <param name="measured">Null when no fresh sensor statement of the zone's moisture is at hand: then there is no advice.</param>
    /// <param name="used">Of the site's day so far.</param>
    public PlanAdvice Advise(ZoneGoal goal, ZoneOutlook outlook, SensorEvidence? measured, WaterUsed used, DateTimeOffset siteNow, StandingPlan? standing)
    {
        if (WhyNot(goal, outlook, measured) is { } why) return new PlanAdvice(goal.Zone, siteNow, AdviceKind.Unknown, 0, why, null, []);

        RolloutProblem problem = ZoneProblem.Build(goal, outlook, used, siteNow, standing, options);
        var words = new PlanWords(goal, used, siteNow, measured!.Property.Value!.Value, outlook.Forecast.Hourly);
        float[] hourly = outlook.Forecast.Hourly;
        int dry = FirstBelow(hourly, problem.LowPercent);
        if (dry < 0) return Nothing(AdviceKind.Nothing, words.StaysInside());

        int next = NextAllowed(problem.Allowed, 1);
        if (problem.Allowed[0] == 0) return Nothing(AdviceKind.Wait, words.MayNotNow(next));
        if (next > 0 && dry >= next) return Nothing(AdviceKind.Wait, words.CanWait(next));

        RolloutPlan best;
        float[] watered;
        double minutes;
        try
        {
            best = engine.Plan(problem)[0];
            best = engine.Plan(ZoneProblem.About(problem, best))[0];
            minutes = Minutes(goal, used, best.Fractions[0]);
            if (minutes < ZoneProblem.ShortestMinutes) return Nothing(AdviceKind.Wait, words.BestWaits(problem.Candidates, best), best.Fractions);
            watered = Water(problem, minutes);
        }
        catch (EdgeException fault)
        {
            return new PlanAdvice(goal.Zone, siteNow, AdviceKind.Unknown, 0, $"No plan: {fault.What} {fault.Why}", null, []);
        }

        if (!AllFinite(watered)) return new PlanAdvice(goal.Zone, siteNow, AdviceKind.Unknown, 0, "No plan: the model answered with something that is no number.", null, []);
        return new PlanAdvice(goal.Zone, siteNow, AdviceKind.Water, minutes, words.Water(minutes, watered), Expect(outlook.Forecast, measured, watered[0]), best.Fractions);

        PlanAdvice Nothing(AdviceKind kind, string reasoning, float[]? plan = null) => new(goal.Zone, siteNow, kind, 0, reasoning, null, plan ?? []);
    }

    private static string? WhyNot(ZoneGoal goal, ZoneOutlook outlook, SensorEvidence? measured)
    {
        if (measured is null) return $"No advice: no sensor gave a fresh, believable moisture of '{goal.Zone}'.";
        if (outlook.Forecast.Unavailable is { } unavailable) return $"No advice: no forecast of '{goal.Zone}': {unavailable}";
        bool complete = outlook.Forecast.State.Length == SoilState.Size && outlook.Known.Length >= SoilAction.Size && outlook.Forecast.Hourly.Length == outlook.Known.Length / SoilAction.Size;
        if (!complete || !AllFinite(outlook.Forecast.Hourly) || !AllFinite(outlook.Forecast.State) || !AllFinite(outlook.Known))
            return $"No advice: the forecast of '{goal.Zone}' holds something that is no number, or is not whole.";
        foreach (ForecastHorizon horizon in outlook.Forecast.Horizons)
        {
            if (!double.IsFinite(horizon.LowPercent + horizon.MiddlePercent + horizon.HighPercent)) return $"No advice: the forecast of '{goal.Zone}' at +{horizon.Minutes} min is no number.";
        }

        return null;
    }

    // What a plan says is held against the goal once more: nobody relies on an engine for a limit.
    private static double Minutes(ZoneGoal goal, WaterUsed used, float fraction)
    {
        double minutes = Math.Min(Math.Min(fraction * 60.0, goal.MaxMinutes), (goal.LitresPerDay - used.Litres) / goal.LitresPerMinute);
        return Math.Floor(minutes * 100) / 100;
    }

    /// <summary>Moisture at the end of each hour when it is watered now and not again.</summary>
    private float[] Water(RolloutProblem problem, double minutes)
    {
        float[] actions = [.. problem.Known];
        CandidateSampler.Quarters((float)(minutes / 60), actions.AsSpan(SoilAction.FirstQuarter, 4));
        var moisture = new float[problem.Steps];
        engine.Roll(problem.State, actions, problem.Steps, moisture);
        for (int step = 0; step < moisture.Length; step++) moisture[step] = (moisture[step] * problem.MoistureScale) + problem.MoistureOffset;
        return moisture;
    }

    private static Expectation Expect(ZoneForecast forecast, SensorEvidence measured, double with)
    {
        double below = 0, above = 0;
        foreach (ForecastHorizon horizon in forecast.Horizons)
        {
            if (horizon.Minutes != AfterMinutes) continue;
            below = horizon.MiddlePercent - horizon.LowPercent;
            above = horizon.HighPercent - horizon.MiddlePercent;
        }

        double flow = FlowUncertainty * Math.Abs(with - forecast.Hourly[0]);
        return new Expectation(forecast.Id, measured.Property.Value!.Value, AfterMinutes, forecast.Hourly[0], with, with - below - flow, with + above + flow);
    }

    private static int FirstBelow(float[] moisture, float[] low)
    {
        for (int step = 0; step < moisture.Length; step++)
        {
            if (moisture[step] < low[step]) return step;
        }

        return -1;
    }

    private static int NextAllowed(byte[] allowed, int from)
    {
        for (int step = from; step < allowed.Length; step++)
        {
            if (allowed[step] != 0) return step;
        }

        return -1;
    }

    private static bool AllFinite(float[] values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) return false;
        }

        return true;
    }
}
