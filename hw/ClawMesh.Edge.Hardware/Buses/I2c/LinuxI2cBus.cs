namespace ClawMesh.Edge.Hardware.Buses.I2c;

internal static class LinuxI2cBus
{
    public static II2cBus Open(string device) => throw new NotImplementedException();
}
