using System.Collections.Concurrent;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Time;

namespace ClawMesh.Edge.TestKit;

/// <summary>Latest readings set by hand.</summary>
public sealed class TestReadings(TimeProvider time) : IReadingSource
{
    private readonly ConcurrentDictionary<SensorId, Reading> _latest = [];

    public Reading? Latest(SensorId sensor) => _latest.TryGetValue(sensor, out Reading reading) ? reading : null;

    public void Set(SensorId sensor, double value, bool simulated = false, EvidenceTier tier = EvidenceTier.OperationalObservation) =>
        _latest[sensor] = new Reading(sensor, "zone-1", new Quantity("level", "%"), value, time.GetUtcNow(), time.GetTimestamp(), tier, simulated);

    public void Forget(SensorId sensor) => _latest.TryRemove(sensor, out _);
}

/// <summary>Readiness set by hand; ready unless told otherwise.</summary>
public sealed class TestReadiness : IReadinessSource
{
    public bool IsActuationReady => Current.Level == ReadinessLevel.ActuationReady;

    public Readiness Current { get; set; } = new(ReadinessLevel.ActuationReady, []);
}

/// <summary>A clock class set by hand; synchronised unless told otherwise.</summary>
public sealed class TestClock : IClockStatus
{
    public ClockClass Class { get; set; } = ClockClass.Synchronised;

    public bool IsBehindJournal { get; set; }
}
