using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Cuda;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>Floats on the device, as many as were ever needed. Freed with the device.</summary>
internal sealed class CudaBuffer(CudaDevice device)
{
    private int _capacity;

    public ulong Address { get; private set; }

    /// <exception cref="EdgeException"><c>gpu.out_of_memory</c>: it is as large as it was. <c>gpu.lost</c>.</exception>
    public ulong Reserve(int floats)
    {
        if (floats <= _capacity) return Address;
        ulong larger = device.Allocate((nuint)floats * sizeof(float));
        if (Address != 0) device.Free(Address);
        (Address, _capacity) = (larger, floats);
        return Address;
    }
}
