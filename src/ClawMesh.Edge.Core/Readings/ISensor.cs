namespace ClawMesh.Edge.Core.Readings;

/// <summary>What is fixed about one sensor for the life of the node.</summary>
/// <param name="Zone">The place it measures, the <c>zone</c> of its frames.</param>
/// <param name="Interval">Pause between samples.</param>
/// <param name="Bus">Sensors of one bus may wait for each other; different buses never do.</param>
/// <param name="ValidMin">Smallest plausible value; below it the reading is reported out of range and not believed.</param>
/// <param name="ValidMax">Largest plausible value.</param>
/// <param name="Low">At or below it the wire status is <c>low</c> ([W-84]); null where the idea does not apply.</param>
/// <param name="Critical">At or below it the wire status is <c>critical</c>.</param>
public sealed record SensorInfo(
    SensorId Id,
    string Zone,
    Quantity Quantity,
    TimeSpan Interval,
    string Bus,
    bool Simulated,
    double ValidMin = double.NegativeInfinity,
    double ValidMax = double.PositiveInfinity,
    double? Low = null,
    double? Critical = null)
{
    /// <summary>What it measures can be switched off: "not a number" then says just that, and is no fault.</summary>
    public bool MayBeOff { get; init; }
}

/// <summary>One source of readings. One caller at a time; different sensors may be read concurrently.</summary>
public interface ISensor
{
    SensorInfo Info { get; }

    /// <summary>A cancelled read ends at once, whatever the bus does. Otherwise whoever reads must not rely on it.</summary>
    bool LeavesOnCancel => false;

    /// <summary>How long a read may take before it counts as missed, waiting for other sensors of its bus included.</summary>
    TimeSpan ReadLimit => TimeSpan.FromSeconds(2);

    /// <summary>Takes one sample now.</summary>
    /// <exception cref="Errors.EdgeException">The sensor cannot be read; the class says whether it is absent or its bus failed.</exception>
    ValueTask<Reading> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>A sensor whose value changes at an instant, such as a contact: it says so instead of waiting to be asked.</summary>
public interface IEdgeSensor : ISensor
{
    /// <summary>Called from the sensor's own thread at each change; must not block. Set once, before the first read.</summary>
    Action? Changed { get; set; }

    /// <summary>When the value changed last, as <see cref="TimeProvider.GetTimestamp"/> counts; 0 before the first change.</summary>
    long LastEdgeTimestamp { get; }
}

/// <summary>A sensor whose bus can be opened again when it failed. Tried once per incident; the caller reports it.</summary>
public interface IRecoverableSensor : ISensor
{
    /// <summary>Must not wait for the bus.</summary>
    void Recover();
}

/// <summary>The latest reading of each sensor of this node. Reads never block and never allocate, so the safety tick may ask.</summary>
public interface IReadingSource
{
    /// <summary>Null until the first sample.</summary>
    Reading? Latest(SensorId sensor);
}
