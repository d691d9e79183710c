using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>A sensor whose value takes more than one number of one file.</summary>
/// <param name="sample">Gets the id for its messages; called by one reader at a time.</param>
internal sealed class ComputedSensor(SensorInfo info, Func<SensorId, double> sample, TimeProvider time) : HostSensor(info, time)
{
    protected override double Sample() => sample(Info.Id);
}
