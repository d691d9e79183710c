using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.World.Planner;

/// <summary>Turns a goal and a forecast into the question a rollout engine answers. Pure.</summary>
internal static class ZoneProblem
{
    // However unsure a forecast is, a fifth of the band is left to aim at.
    private const double MostOfBandPerSide = 0.4;

    /// <summary>Shorter than this is not worth a valve's movement, minutes.</summary>
    public const double ShortestMinutes = 0.25;

    public static RolloutProblem Build(ZoneGoal goal, ZoneOutlook outlook, WaterUsed used, DateTimeOffset siteNow, StandingPlan? standing, PlannerOptions options)
    {
        int steps = outlook.Known.Length / SoilAction.Size;
        double hour = siteNow.TimeOfDay.TotalHours, maxFraction = goal.MaxMinutes / 60;
        double left = Math.Max(goal.LitresPerDay - used.Litres, 0);
        int untilMidnight = (int)Math.Ceiling(24 - hour);
        bool nothingLeft = left < ShortestMinutes * goal.LitresPerMinute;

        var allowed = new byte[steps];
        var low = new float[steps];
        var high = new float[steps];
        double most = MostOfBandPerSide * (goal.HighPercent - goal.LowPercent);
        for (int step = 0; step < steps; step++)
        {
            bool quiet = QuietTime.Touches(goal.QuietHours, hour + step, maxFraction);
            allowed[step] = quiet || (nothingLeft && step < untilMidnight) ? (byte)0 : (byte)1;
            (double below, double above) = Uncertainty(outlook.Forecast, step);
            low[step] = (float)(goal.LowPercent + Math.Min(below + options.SensorMarginPercent, most));
            high[step] = (float)(goal.HighPercent - Math.Min(above + options.SensorMarginPercent, most));
        }

        var problem = new RolloutProblem
        {
            Steps = steps,
            State = outlook.Forecast.State,
            Known = outlook.Known,
            Allowed = allowed,
            LowPercent = low,
            HighPercent = high,
            MoistureScale = outlook.MoistureScale,
            MoistureOffset = outlook.MoistureOffset,
            MaxFraction = (float)maxFraction,
            LitresPerHour = (float)(goal.LitresPerMinute * 60),
            // What is left of today and, for the hours after midnight, their part of tomorrow.
            BudgetLitres = (float)(left + (goal.LitresPerDay * Math.Max(steps - untilMidnight, 0) / 24)),
            Weights = options.Weights,
            Seed = Seed(goal.Zone, siteNow),
            Candidates = options.Candidates,
        };
        return problem with { Given = Given(problem, standing, siteNow) };
    }

    /// <summary>
    /// A second look about the best plan: each length of watering now, before what the plan waters later and instead of its first
    /// watering. Chance finds the right amount more easily than the right moment.
    /// </summary>
    public static RolloutProblem About(RolloutProblem problem, RolloutPlan best)
    {
        int steps = problem.Steps, lengths = problem.Allowed[0] != 0 ? problem.Levels : 0;
        int first = Array.FindIndex(best.Fractions, fraction => fraction > 0);
        var given = new float[(1 + (2 * lengths)) * steps];
        best.Fractions.CopyTo(given, 0);
        for (int row = 1; row <= 2 * lengths; row++)
        {
            best.Fractions.CopyTo(given, row * steps);
            if (row > lengths && first >= 0) given[(row * steps) + first] = 0;
            given[row * steps] = (((row - 1) % lengths) + 1) * problem.MaxFraction / problem.Levels;
        }

        return problem with { Given = given, Candidates = given.Length / steps, Best = 1 };
    }

    /// <summary>How far the truth may lie below and above what the model says for the end of a step, percent: between the horizons, the straight line.</summary>
    private static (double Below, double Above) Uncertainty(ZoneForecast forecast, int step)
    {
        double minutes = (step + 1) * 60;
        (double Minutes, double Below, double Above) before = default;
        for (int i = 0; i < forecast.Horizons.Count; i++)
        {
            ForecastHorizon horizon = forecast.Horizons[i];
            int hour = Math.Clamp((horizon.Minutes / 60) - 1, 0, forecast.Hourly.Length - 1);
            double point = forecast.Hourly[hour], spread = (horizon.HighPercent - horizon.LowPercent) / 2;
            // Persistence is off by the drying, which a rollout knows; what is left is how much its error varies.
            (double Minutes, double Below, double Above) at = horizon.Use == "model"
                ? (horizon.Minutes, Math.Max(point - horizon.LowPercent, 0), Math.Max(horizon.HighPercent - point, 0))
                : (horizon.Minutes, spread, spread);
            if (minutes <= at.Minutes)
            {
                if (i == 0) return (at.Below, at.Above);
                double part = (minutes - before.Minutes) / (at.Minutes - before.Minutes);
                return (before.Below + (part * (at.Below - before.Below)), before.Above + (part * (at.Above - before.Above)));
            }

            before = at;
        }

        return (before.Below, before.Above);
    }

    // Doing nothing; the plan that stands, shifted to now; and watering now by each length and no more.
    private static float[] Given(RolloutProblem problem, StandingPlan? standing, DateTimeOffset siteNow)
    {
        int lengths = problem.Allowed[0] != 0 ? problem.Levels : 0, steps = problem.Steps;
        var given = new float[(2 + lengths) * steps];
        int shift = standing is null ? steps : (int)Math.Clamp(Math.Floor((siteNow - standing.MadeAt).TotalHours), 0, steps);
        for (int step = 0; standing is not null && step + shift < Math.Min(steps, standing.Fractions.Length); step++)
        {
            if (problem.Allowed[step] != 0) given[steps + step] = Math.Min(standing.Fractions[step + shift], problem.MaxFraction);
        }

        for (int length = 1; length <= lengths; length++) given[(1 + length) * steps] = length * problem.MaxFraction / problem.Levels;
        return given;
    }

    // FNV-1a of the zone, then the hour: the same picture gives the same plan, another hour other candidates.
    private static uint Seed(string zone, DateTimeOffset siteNow)
    {
        uint hash = 0x811C_9DC5;
        foreach (char c in zone) hash = (hash ^ c) * 0x0100_0193;
        return hash ^ ((uint)(siteNow.UtcTicks / TimeSpan.TicksPerHour) * 0x9E37_79B1);
    }
}

/// <summary>The plan of an earlier look.</summary>
/// <param name="MadeAt">In the time of the site.</param>
/// <param name="Fractions">[steps].</param>
public sealed record StandingPlan(DateTimeOffset MadeAt, float[] Fractions);
