using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.TestKit.World;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Season;

internal enum Tending
{
    Planner,
    Threshold,
    Nobody,
}

/// <param name="Days">After a start of one to three days in which nobody waters, by the seed.</param>
internal sealed record SeasonSettings(int Days, IReadOnlyList<ZoneGoal> Goals, SoilModel Model, ThresholdSettings Threshold, int Candidates);

/// <summary>What came of one farm.</summary>
/// <param name="InBandPercent">Of the time, by the true moisture of each bed.</param>
/// <param name="PlanTrips">Outputs that safety ended early.</param>
/// <param name="Asked">Waterings the planner wanted that were outside its L1 limits.</param>
internal sealed record SeasonResult(
    ulong Seed, double[] InBandPercent, double[] Litres, int[] ValveStarts, int PumpStarts, IReadOnlyDictionary<string, int> Refusals, int PlanTrips, int Asked, IReadOnlyList<Comparison> Comparisons, double MeanEndPercent)
{
    public double InBand => InBandPercent.Average();

    public double AllLitres => Litres.Sum();

    public int InterlockHits => Refusals.GetValueOrDefault(GateCodes.InterlockActive) + PlanTrips;
}

/// <summary>One farm from its first hour to its last under one controller: the same seed is the same weather, the same beds and the same probes.</summary>
internal static class FarmSeason
{
    public static async Task<SeasonResult> RunAsync(ulong seed, Tending tending, SeasonSettings settings)
    {
        await using var field = new FarmField(seed);
        await field.StartAsync();
        var history = new FarmHistory(field);
        long begin = 24 * 3_600 + (new Random((int)seed).Next(48 * 60) * 60);
        for (long second = 0; second <= begin; second += 60) Advance(field, history, second);

        using var engine = new ReferenceRolloutEngine(settings.Model.Net);
        IFarmController controller = tending switch
        {
            Tending.Planner => new PlannerController(field, history, settings.Model, engine, settings.Goals, settings.Candidates),
            Tending.Threshold => new ThresholdController(field, settings.Goals, settings.Threshold),
            _ => new NobodyTends(),
        };

        var inside = new long[FarmChannels.Zones];
        long minutes = settings.Days * 24 * 60;
        for (long minute = 0; minute < minutes; minute++)
        {
            await controller.EveryMinuteAsync();
            Advance(field, history, begin + ((minute + 1) * 60));
            for (int zone = 0; zone < FarmChannels.Zones; zone++)
            {
                double percent = field.Truth.SoilMoisturePercent(zone);
                if (percent >= settings.Goals[zone].LowPercent && percent <= settings.Goals[zone].HighPercent) inside[zone]++;
            }
        }

        var planner = controller as PlannerController;
        return new SeasonResult(
            seed, [.. inside.Select(m => 100.0 * m / minutes)], field.Litres, field.Starts[..FarmChannels.Valves], field.Starts[FarmChannels.Pump], field.Refusals, field.Trips,
            planner?.Asked ?? 0, planner?.Comparisons ?? [], Enumerable.Range(0, FarmChannels.Zones).Average(field.Truth.SoilMoisturePercent));
    }

    private static void Advance(FarmField field, FarmHistory history, long second)
    {
        field.RunTo(second);
        if (second % FarmHistory.QuarterSeconds == 0) history.Record();
    }
}
