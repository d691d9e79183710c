namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>One measuring instrument of the simulated farm: what it can show and how well.</summary>
/// <param name="Index">Its place in <see cref="FarmSnapshot"/>.</param>
/// <param name="RangeMin">Bottom of the instrument's range, in <paramref name="Unit"/>.</param>
/// <param name="RangeMax">Top of the range: what it shows when it is at its rail.</param>
/// <param name="Noise">Standard deviation of one sample, in <paramref name="Unit"/>.</param>
/// <param name="NoiseRatio">Further deviation as a ratio of the value: flow and current meters are exact at rest.</param>
/// <param name="Drift">How far the zero wanders over days, in <paramref name="Unit"/>.</param>
public sealed record FarmSensorChannel(
    string Name,
    int Index,
    string Unit,
    double RangeMin,
    double RangeMax,
    double Noise,
    double NoiseRatio,
    double Drift);

/// <summary>The names by which a site wires itself to the simulated farm; <c>boards/simulated.json</c> lists the same ones.</summary>
public static class FarmChannels
{
    public const int Zones = 4;

    public const int Valves = Zones;

    /// <summary>Index of the pump among the outputs; the valves come before it.</summary>
    public const int Pump = Valves;

    internal const int SoilMoisture = 0;
    internal const int SoilTemperature = SoilMoisture + Zones;
    internal const int AirTemperature = SoilTemperature + Zones;
    internal const int Humidity = AirTemperature + 1;
    internal const int TankLevel = Humidity + 1;
    internal const int Flow = TankLevel + 1;
    internal const int PumpCurrent = Flow + 1;

    public static IReadOnlyList<string> Outputs { get; } = ["valve-1", "valve-2", "valve-3", "valve-4", "pump-1"];

    public static IReadOnlyList<FarmSensorChannel> Sensors { get; } =
    [
        .. Enumerable.Range(0, Zones).Select(zone => new FarmSensorChannel($"soil-moisture-{zone + 1}", SoilMoisture + zone, "%", 0, 100, 0.05, 0, 0.3)),
        .. Enumerable.Range(0, Zones).Select(zone => new FarmSensorChannel($"soil-temp-{zone + 1}", SoilTemperature + zone, "°C", -20, 60, 0.05, 0, 0.1)),
        new("air-temp", AirTemperature, "°C", -30, 60, 0.1, 0, 0.1),
        new("humidity", Humidity, "%", 0, 100, 0.4, 0, 0.5),
        new("tank-level", TankLevel, "%", 0, 120, 0.08, 0, 0.1),
        new("flow", Flow, "l/min", 0, 200, 0, 0.005, 0),
        new("pump-current", PumpCurrent, "A", 0, 20, 0, 0.01, 0),
    ];

    public static FarmSensorChannel? FindSensor(string name) => Sensors.FirstOrDefault(channel => channel.Name == name);

    /// <summary>Index of an output channel, or -1.</summary>
    public static int FindOutput(string name)
    {
        for (int i = 0; i < Outputs.Count; i++)
        {
            if (Outputs[i] == name) return i;
        }

        return -1;
    }
}
