using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>A procfs file whose first number, or first after a label, is the value: load average, uptime, pressure (proc(5)).</summary>
/// <param name="label">For example <c>some avg10=</c>; empty for the beginning of the file.</param>
internal sealed class FirstNumberSensor(SensorInfo info, string path, byte[] label, TimeProvider time) : HostSensor(info, time)
{
    protected override double Sample() =>
        KernelFile.NumberAfter(Info.Id, path, KernelFile.Read(Info.Id, path, stackalloc byte[256]), label);
}
