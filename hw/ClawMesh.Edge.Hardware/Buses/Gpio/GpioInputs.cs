namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>One thread that waits for the edges of all inputs of a site.</summary>
public sealed class GpioInputs(IGpioPort port) : IDisposable
{
    public void Dispose() => _ = port;
}
