namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>Air over the farm: a day of warmth and moisture with slow random weather on top. One simulated second per step.</summary>
internal sealed class FarmWeather(ulong seed)
{
    private const double SecondsPerDay = 86_400;
    private const double StartSecondOfDay = 6 * 3_600;
    private const double WarmestHour = 15;

    // Weather changes over about three hours.
    private const double WeatherMemorySeconds = 3 * 3_600;

    private readonly SeededStream _chance = new(seed, "weather");
    private double _weather;

    public double TemperatureCelsius { get; private set; }

    /// <summary>Relative humidity, percent.</summary>
    public double HumidityPercent { get; private set; }

    /// <summary>Sunlight from 0 at night to 1 at noon.</summary>
    public double Sun { get; private set; }

    public void Step(long simulatedSeconds)
    {
        // An AR(1) process with deviation 1, whatever the step.
        const double keep = 1 - (1 / WeatherMemorySeconds);
        _weather = (keep * _weather) + (Math.Sqrt(1 - (keep * keep)) * _chance.NextNormal());

        double hour = (StartSecondOfDay + simulatedSeconds) % SecondsPerDay / 3_600;
        double warmth = Math.Cos(2 * Math.PI * (hour - WarmestHour) / 24);
        TemperatureCelsius = 21 + (7 * warmth) + (1.2 * _weather);
        HumidityPercent = Math.Clamp(62 - (20 * warmth) - (4 * _weather), 20, 97);
        Sun = Math.Max(0, Math.Sin(Math.PI * (hour - 6) / 12));
    }
}
