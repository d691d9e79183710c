namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>The true state of the farm after one step, before any instrument adds its error. Immutable.</summary>
public sealed class FarmSnapshot
{
    private readonly double[] _values;

    internal FarmSnapshot(long simulatedSeconds, double[] values) => (SimulatedSeconds, _values) = (simulatedSeconds, values);

    /// <summary>Seconds of physics since the farm was set up; day one begins at 06:00.</summary>
    public long SimulatedSeconds { get; }

    /// <summary>Volumetric soil moisture of a zone, 0 to 3, in percent.</summary>
    public double SoilMoisturePercent(int zone) => _values[FarmChannels.SoilMoisture + zone];

    public double TankLevelPercent => _values[FarmChannels.TankLevel];

    public double FlowLitresPerMinute => _values[FarmChannels.Flow];

    public double PumpCurrentAmperes => _values[FarmChannels.PumpCurrent];

    /// <summary>The value a channel measures, in the channel's unit.</summary>
    public double Value(FarmSensorChannel channel) => _values[channel.Index];
}

/// <summary>Where the plant stands: each valve's opening and the pump's drive, as ratios from 0 to 1.</summary>
/// <param name="PumpDry">The pump runs and gets no water: it adds no pressure, and its motor has little to do.</param>
public readonly record struct FarmInputs(double Valve1, double Valve2, double Valve3, double Valve4, double Pump, bool PumpDry = false)
{
    public double Valve(int zone) => zone switch
    {
        0 => Valve1,
        1 => Valve2,
        2 => Valve3,
        3 => Valve4,
        _ => throw new ArgumentOutOfRangeException(nameof(zone), zone, "The farm has zones 0 to 3."),
    };
}
