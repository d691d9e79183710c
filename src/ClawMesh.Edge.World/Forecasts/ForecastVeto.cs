using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Forecasts;

/// <summary>
/// Holds the latest forecast of each zone that has a goal, and says of a watering when it would push the zone out of its band at the
/// wet end. Knows nothing about dryness: a forecast may spare water, it cannot ask for any. Answers from memory without a lock.
/// </summary>
/// <param name="clock">Its time is the one <see cref="ZoneForecast.MadeAt"/> is told in.</param>
/// <param name="outputsAreReal">Forecasts of a simulated zone then say nothing.</param>
public sealed class ForecastVeto(IReadOnlyList<ZoneGoal> goals, IWorldClock clock, bool outputsAreReal) : IActuationVeto
{
    /// <summary>A forecast older than this, in the time of the site, restricts nothing.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(2);

    // The site's clock may be set a little between a forecast and its use.
    private static readonly TimeSpan FutureTolerance = TimeSpan.FromMinutes(5);

    // Water that was just let in is not where the probe is yet.
    private static readonly TimeSpan Soak = TimeSpan.FromHours(1);

    private readonly Held?[] _held = new Held?[goals.Count];

    /// <summary>Takes the place of the zone's last forecast; an unavailable one, too: what is not known restricts nothing.</summary>
    /// <param name="risePercentPerMinute">[hours], see <see cref="WateringRise"/>; empty when nobody knows what a watering adds.</param>
    /// <returns>False for a zone without a goal.</returns>
    public bool Take(ZoneForecast forecast, float[] risePercentPerMinute)
    {
        bool known = false;
        for (int i = 0; i < goals.Count; i++)
        {
            if (goals[i].Zone != forecast.Zone) continue;
            Volatile.Write(ref _held[i], new Held(forecast, risePercentPerMinute));
            known = true;
        }

        return known;
    }

    public Restriction Consider(AllowedCommand command)
    {
        // The mildest of all zones this valve waters: none is left dry because another is wet.
        Judgement? mildest = null;
        for (int i = 0; i < goals.Count; i++)
        {
            if (goals[i].TargetRef != command.Actuator.Value) continue;
            if (Volatile.Read(ref _held[i]) is not { } held || Judge(goals[i], held, command) is not { } judgement) return Restriction.None;
            if (mildest is null || judgement.Longest > mildest.Longest) mildest = judgement;
        }

        return mildest is null ? Restriction.None
            : mildest.Longest <= TimeSpan.Zero ? Restriction.Cancel(mildest.Reason)
            : Restriction.AtMost(mildest.Longest, mildest.Reason);
    }

    /// <summary>Null when the forecast has nothing against the command.</summary>
    private Judgement? Judge(ZoneGoal goal, Held held, AllowedCommand command)
    {
        ZoneForecast forecast = held.Forecast;
        TimeSpan age = clock.Now - forecast.MadeAt;
        if (forecast.Unavailable is not null || (forecast.Simulated && outputsAreReal) || age > MaxAge || age < -FutureTolerance) return null;
        if (forecast.Hourly.Length == 0 || held.Rise.Length == 0 || !(command.Value.Ratio > 0) || !(clock.Rate > 0)) return null;

        TimeSpan effect = (command.Lease * clock.Rate) + Soak;
        int hour = HourAt(age + effect, forecast.Hourly.Length);
        double without = forecast.Hourly[hour];
        // By the minute of the node's clock: the site's may run faster, and a valve half open passes half.
        double rise = held.Rise[HourAt(effect, held.Rise.Length)] * clock.Rate * command.Value.Ratio;
        double with = without + (rise * command.Lease.TotalMinutes);
        // A model by which water dries the soil, or that answers with no numbers, is not believed in this.
        if (!double.IsFinite(with) || !(rise > 0) || !(with > goal.HighPercent)) return null;

        double minutes = Math.Max((goal.HighPercent - without) / rise, 0);
        DateTimeOffset by = forecast.MadeAt + TimeSpan.FromHours(hour + 1);
        return new Judgement(
            TimeSpan.FromMinutes(Math.Min(minutes, command.Lease.TotalMinutes)),
            $"forecast {ShortId(forecast.Id)}: {goal.Zone} is expected at {without:0.#} % by {by:HH:mm} without this watering and at {with:0.#} % with it; its band ends at {goal.HighPercent:0.#} %.");
    }

    // The place of the first hour's end that is not before a moment.
    private static int HourAt(TimeSpan after, int hours) => (int)Math.Clamp(Math.Ceiling(after.TotalHours) - 1, 0, hours - 1);

    private static string ShortId(string id) => id.Length <= 12 ? id : $"{id[..8]}…";

    private sealed record Held(ZoneForecast Forecast, float[] Rise);

    private sealed record Judgement(TimeSpan Longest, string Reason);
}
