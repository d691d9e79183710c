using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Series;

/// <summary>
/// Lets the simulated farm run under random watering, from none at all to a bed that overflows, and records each zone as its instruments
/// would. The farm has no barometer. The same seed gives the same record.
/// </summary>
internal static class FarmRuns
{
    public const int Days = 16;

    private const int MinutesPerDay = 1_440;
    private const int SlotsPerDay = MinutesPerDay / SoilWindow.SlotMinutes;

    // The farm's first second is 06:00; a slot tells the end of its quarter-hour.
    private const double FirstHour = 6 + (SoilWindow.SlotMinutes / 60.0);

    public static SoilSeries[] Run(ulong seed)
    {
        var chance = new SeededStream(seed, "watering");
        var plan = new Opening[FarmChannels.Zones, Days * MinutesPerDay];
        for (int zone = 0; zone < FarmChannels.Zones; zone++) Water(plan, zone, chance);

        var series = new SoilSeries[FarmChannels.Zones];
        for (int zone = 0; zone < series.Length; zone++) series[zone] = new SoilSeries($"farm {seed} zone {zone + 1}", Days * SlotsPerDay, FirstHour, wateringKnown: true);
        Play(new FarmModel(seed), plan, series);
        foreach (SoilSeries one in series) AddNoise(one, new SeededStream(seed, one.Name));
        return series;
    }

    // One zone in five is never watered; the others have days of every kind.
    private static void Water(Opening[,] plan, int zone, SeededStream chance)
    {
        bool ever = chance.NextRatio() >= 0.2;
        for (int day = 0; ever && day < Days; day++)
        {
            double kind = chance.NextRatio();
            int times = kind < 0.4 ? 0 : kind < 0.7 ? 1 : kind < 0.9 ? 2 + (int)(chance.NextRatio() * 3) : 6 + (int)(chance.NextRatio() * 10);
            for (int i = 0; i < times; i++) WaterOnce(plan, zone, day, chance);
        }
    }

    private static void WaterOnce(Opening[,] plan, int zone, int day, SeededStream chance)
    {
        int from = (day * MinutesPerDay) + (int)(chance.NextRatio() * MinutesPerDay);

        // Half of them begin with a quarter-hour, as a plan's do.
        if (chance.NextRatio() < 0.5) from -= from % SoilWindow.SlotMinutes;
        int minutes = 1 + (int)(chance.NextRatio() * (chance.NextRatio() < 0.8 ? 20 : 60));
        double valve = chance.NextRatio() < 0.5 ? 1 : 0.3 + (0.7 * chance.NextRatio());
        double pump = chance.NextRatio() < 0.5 ? 1 : 0;
        for (int minute = from; minute < Math.Min(from + minutes, Days * MinutesPerDay); minute++) plan[zone, minute] = new Opening(valve, pump);
    }

    private static void Play(FarmModel farm, Opening[,] plan, SoilSeries[] series)
    {
        for (int minute = 0; minute < Days * MinutesPerDay; minute++)
        {
            Opening a = plan[0, minute], b = plan[1, minute], c = plan[2, minute], d = plan[3, minute];
            var inputs = new FarmInputs(a.Valve, b.Valve, c.Valve, d.Valve, Math.Max(Math.Max(a.Pump, b.Pump), Math.Max(c.Pump, d.Pump)));
            int slot = minute / SoilWindow.SlotMinutes;
            for (int second = 0; second < 60; second++)
            {
                farm.Step(inputs);
                for (int zone = 0; zone < series.Length; zone++) series[zone].Litres[slot] += (float)(farm.ValveFlow(zone) / 60);
            }

            if (minute % SoilWindow.SlotMinutes == SoilWindow.SlotMinutes - 1) Record(farm.Snapshot(), plan, slot, series);
        }
    }

    private static void Record(FarmSnapshot farm, Opening[,] plan, int slot, SoilSeries[] series)
    {
        for (int zone = 0; zone < series.Length; zone++)
        {
            SoilSeries one = series[zone];
            one.Truth[slot] = (float)farm.SoilMoisturePercent(zone);
            one.SoilTemperature[slot] = (float)farm.Value(FarmChannels.FindSensor($"soil-temp-{zone + 1}")!);
            one.AirTemperature[slot] = (float)farm.Value(FarmChannels.FindSensor("air-temp")!);
            one.Humidity[slot] = (float)farm.Value(FarmChannels.FindSensor("humidity")!);
            int open = 0;
            for (int minute = slot * SoilWindow.SlotMinutes; minute < (slot + 1) * SoilWindow.SlotMinutes; minute++) open += plan[zone, minute].Valve > 0 ? 1 : 0;
            one.Watered[slot] = open / (float)SoilWindow.SlotMinutes;
        }
    }

    private static void AddNoise(SoilSeries series, SeededStream chance)
    {
        for (int slot = 0; slot < series.Length; slot++)
        {
            series.Moisture[slot] = series.Truth[slot] + Noise("soil-moisture-1", chance);
            series.SoilTemperature[slot] += Noise("soil-temp-1", chance);
            series.AirTemperature[slot] += Noise("air-temp", chance);
            series.Humidity[slot] += Noise("humidity", chance);
        }
    }

    private static float Noise(string channel, SeededStream chance) => (float)(FarmChannels.FindSensor(channel)!.Noise * chance.NextNormal());

    private readonly record struct Opening(double Valve, double Pump);
}
