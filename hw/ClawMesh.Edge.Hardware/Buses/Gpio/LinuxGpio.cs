namespace ClawMesh.Edge.Hardware.Buses.Gpio;

internal sealed class LinuxGpio : IGpioPort
{
    public IReadOnlyList<GpioChip> Chips() => throw new NotImplementedException();
    public IReadOnlyList<GpioLine> Lines(GpioChip chip) => throw new NotImplementedException();
    public IGpioLines Request(GpioRequest request) => throw new NotImplementedException();
    public IGpioWaiter OpenWaiter() => throw new NotImplementedException();
}
