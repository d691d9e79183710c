namespace ClawMesh.Edge.Hardware.Buses.Spi;

internal static class LinuxSpiDevice
{
    public static ISpiDevice Open(string device, SpiSettings settings) => throw new NotImplementedException();
}
