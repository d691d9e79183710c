namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// Soil water of one raised bed: water lies on the surface, soaks in, is drawn up by sun and plants, and drains away when there is
/// more than the soil can hold. Moisture is volumetric, in percent of soil volume. One simulated second per step.
/// </summary>
internal sealed class FarmZone(double moisturePercent, double thirst)
{
    private const double AreaSquareMetres = 6;
    private const double RootDepthMetres = 0.3;
    private const double LitresPerPercent = AreaSquareMetres * RootDepthMetres * 1_000 / 100;

    private const double WiltingPercent = 9;
    private const double StressBelowPercent = 16;
    private const double FieldCapacityPercent = 34;
    private const double SaturationPercent = 46;
    private const double InfiltrationSeconds = 30;
    private const double DrainageSeconds = 2 * 3_600;

    // Water a well-watered bed loses per hour in full sun at 25 °C and dry air; about 0.9 mm of depth.
    private const double FullSunLossPercentPerHour = 0.3;
    private const double SoilWarmthSeconds = 3 * 3_600;

    private double _surfaceLitres;

    public double MoisturePercent { get; private set; } = moisturePercent;

    public double TemperatureCelsius { get; private set; } = 18;

    public void Step(double irrigationLitresPerMinute, FarmWeather weather)
    {
        _surfaceLitres += irrigationLitresPerMinute / 60;
        double soaked = _surfaceLitres / InfiltrationSeconds;
        _surfaceLitres -= soaked;

        double drainage = Math.Max(0, MoisturePercent - FieldCapacityPercent) / DrainageSeconds;
        double moisture = MoisturePercent + (soaked / LitresPerPercent) - EvapotranspirationPercent(weather) - drainage;

        // What a full bed cannot hold runs off.
        MoisturePercent = Math.Clamp(moisture, 0, SaturationPercent);

        // Wet beds stay a little cooler.
        double settled = weather.TemperatureCelsius - 1 - (0.05 * (MoisturePercent - WiltingPercent));
        TemperatureCelsius += (settled - TemperatureCelsius) / SoilWarmthSeconds;
    }

    // Percent lost in one second. Follows the sun, warmth and dryness of the air; thirsty plants close up before they wilt.
    private double EvapotranspirationPercent(FarmWeather weather)
    {
        double demand = (0.08 + (0.92 * weather.Sun)) * Math.Max(0, weather.TemperatureCelsius) / 25 * (1.2 - (weather.HumidityPercent / 100));
        double supply = Math.Clamp((MoisturePercent - WiltingPercent) / (StressBelowPercent - WiltingPercent), 0, 1);
        return thirst * demand * supply * FullSunLossPercentPerHour / 3_600;
    }
}
