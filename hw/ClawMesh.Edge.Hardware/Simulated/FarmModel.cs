namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// The physics of the simulated farm: four beds, a tank, a pump. Deterministic: the same seed and the same inputs give the same
/// farm. Knows no clock; each step is one simulated second. Not thread-safe.
/// </summary>
public sealed class FarmModel
{
    private readonly FarmWeather _weather;
    private readonly FarmWater _water = new();

    // Four beds that differ, so that a picture of the farm shows which zone is which.
    private readonly FarmZone[] _zones =
    [
        new(moisturePercent: 27, thirst: 0.9),
        new(moisturePercent: 24, thirst: 1.0),
        new(moisturePercent: 21, thirst: 1.1),
        new(moisturePercent: 18, thirst: 1.25),
    ];

    public FarmModel(ulong seed)
    {
        _weather = new FarmWeather(seed);
        _weather.Step(0);
    }

    /// <summary>Steps taken so far.</summary>
    public long SimulatedSeconds { get; private set; }

    /// <summary>What runs into one bed, l/min; no instrument of the farm shows it.</summary>
    public double ValveFlow(int zone) => _water.ValveFlow(zone);

    public void Step(FarmInputs inputs)
    {
        SimulatedSeconds++;
        _weather.Step(SimulatedSeconds);
        _water.Step(inputs);
        for (int zone = 0; zone < _zones.Length; zone++) _zones[zone].Step(_water.ValveFlow(zone), _weather);
    }

    public FarmSnapshot Snapshot()
    {
        var values = new double[FarmChannels.Sensors.Count];
        for (int zone = 0; zone < _zones.Length; zone++)
        {
            values[FarmChannels.SoilMoisture + zone] = _zones[zone].MoisturePercent;
            values[FarmChannels.SoilTemperature + zone] = _zones[zone].TemperatureCelsius;
        }

        values[FarmChannels.AirTemperature] = _weather.TemperatureCelsius;
        values[FarmChannels.Humidity] = _weather.HumidityPercent;
        values[FarmChannels.TankLevel] = _water.LevelPercent;
        values[FarmChannels.Flow] = _water.TotalFlow;
        values[FarmChannels.PumpCurrent] = _water.PumpAmperes;
        return new FarmSnapshot(SimulatedSeconds, values);
    }
}
