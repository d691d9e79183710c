using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary><c>/dev/mem</c>, opened for reading only.</summary>
public sealed class DevMem : IPhysicalMemory
{
    private readonly PhysicalMemory _memory;

    private DevMem(PhysicalMemory memory) => _memory = memory;

    /// <exception cref="EdgeException"><c>pinmux.no_memory</c> (auth).</exception>
    public static DevMem Open() => new(PhysicalMemory.Open());

    public uint Read32(long address) => _memory.Read32(address);

    public void Dispose() => _memory.Dispose();
}
