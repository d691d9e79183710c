using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Trust.Interlocks;

/// <summary>
/// Whether the sensor conditions of an output hold now. An interlock <em>holds</em> or is <em>broken</em>; missing, stale, not a
/// number, and simulated on a node with real outputs are all broken. Asked by the safety tick: no allocation while everything holds.
/// </summary>
internal sealed class InterlockCheck(IReadingSource readings, TimeProvider time, bool outputsAreReal)
{
    /// <summary>The first broken condition, or null.</summary>
    public SensorPredicate? FirstBroken(OutputPolicy policy)
    {
        IReadOnlyList<SensorPredicate> requires = policy.Requires;
        for (int i = 0; i < requires.Count; i++)
        {
            if (!Holds(requires[i])) return requires[i];
        }

        return null;
    }

    /// <summary>What is wrong with a broken condition, with the value seen and the value allowed.</summary>
    public string Explain(SensorPredicate predicate)
    {
        if (readings.Latest(predicate.Sensor) is not { } reading) return $"{predicate} is broken: the sensor has given no reading";
        if (!Believable(reading)) return $"{predicate} is broken: the reading is simulated and this node's outputs are real";
        TimeSpan age = time.GetElapsedTime(reading.SampledTimestamp);
        if (age > predicate.MaxAge) return $"{predicate} is broken: the reading is {DurationText.Format(age)} old; maxAge is {DurationText.Format(predicate.MaxAge)}";
        return $"{predicate} is broken: it reads {reading.Value:0.###} {reading.Quantity.Unit}";
    }

    private bool Holds(SensorPredicate predicate) =>
        readings.Latest(predicate.Sensor) is { } reading
        && Believable(reading)
        && time.GetElapsedTime(reading.SampledTimestamp) <= predicate.MaxAge
        // An infinite value is a division by zero somewhere, not a very full tank.
        && double.IsFinite(reading.Value)
        && predicate.Holds(reading.Value);

    // A simulated reading is T0 to real outputs (DESIGN section 6), and T0 supports nothing.
    private bool Believable(Reading reading) => !(outputsAreReal && reading.Simulated) && reading.Tier > EvidenceTier.PlanningInference;
}
