using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.Core.Readings;

/// <summary>One sample of one sensor, before it becomes a frame. Immutable.</summary>
/// <param name="Value">In the unit of <paramref name="Quantity"/>; NaN when the sensor answered without a number.</param>
/// <param name="SampledAt">Wall clock, for records.</param>
/// <param name="SampledTimestamp"><see cref="TimeProvider.GetTimestamp"/> of the sample, for ages: it does not step.</param>
/// <param name="Simulated">True when physics was simulated; a node with real outputs gives such evidence tier T0.</param>
public readonly record struct Reading(
    SensorId Sensor,
    string Zone,
    Quantity Quantity,
    double Value,
    DateTimeOffset SampledAt,
    long SampledTimestamp,
    EvidenceTier Tier,
    bool Simulated);
