namespace ClawMesh.Edge.Hardware.Buses.Serial;

internal static class LinuxSerialLine
{
    public static ISerialLine Open(string device, SerialSettings settings) => throw new NotImplementedException();
}
