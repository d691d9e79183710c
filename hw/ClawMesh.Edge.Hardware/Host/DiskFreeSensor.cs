using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>How much of the file system that holds a path is free for users other than root.</summary>
internal sealed class DiskFreeSensor(SensorInfo info, string path, TimeProvider time) : HostSensor(info, time)
{
    protected override double Sample()
    {
        try
        {
            return FileSystemFacts.Of(path).FreePercent;
        }
        catch (EdgeException failure)
        {
            throw new EdgeException(
                failure.Code, failure.What, failure.Why, failure.Fix,
                Directory.Exists(path) || File.Exists(path) ? FailureClass.BusIo : FailureClass.DeviceAbsent, failure);
        }
    }
}
