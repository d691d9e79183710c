using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary>Words of physical memory through <c>/dev/mem</c> (mem(4)); maps one page for each read and cannot write.</summary>
internal sealed unsafe partial class PhysicalMemory : IDisposable
{
    private const string Device = "/dev/mem";

    // asm-generic/mman-common.h, linux/mman.h; the same on x64 and arm64. O_SYNC asks for an uncached mapping.
    private const int ProtRead = 1;
    private const int MapShared = 1;
    private const int OpenSync = 0x10_1000;

    private readonly SafeFileHandle _device;

    private PhysicalMemory(SafeFileHandle device) => _device = device;

    /// <param name="path">Any file can be mapped; tests have no /dev/mem.</param>
    /// <exception cref="EdgeException"><c>pinmux.no_memory</c> (auth).</exception>
    internal static PhysicalMemory Open(string path = Device)
    {
        SafeFileHandle device = FileDescriptor.Open(path, FileDescriptor.ReadOnly | OpenSync);
        if (!device.IsInvalid) return new PhysicalMemory(device);
        EdgeException fault = LinuxFault.FromLastError(
            "pinmux.no_memory", $"Could not open {path}.", $"Run the probe as root; a kernel built without CONFIG_DEVMEM has no {Device}, and a locked-down one refuses it.", FailureClass.Auth);
        device.Dispose();
        throw fault;
    }

    /// <param name="address">A multiple of 4.</param>
    /// <exception cref="EdgeException"><c>pinmux.not_read</c>.</exception>
    internal uint Read32(long address)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(address & 3, 0);
        long page = Environment.SystemPageSize;
        nint at = Map(0, (nuint)page, ProtRead, MapShared, _device, address & ~(page - 1));
        if (at == -1)
        {
            throw LinuxFault.FromLastError(
                "pinmux.not_read", $"Could not read the register at 0x{address:x8}.",
                "The kernel does not let even root map this page: boot without lockdown, or leave the pads unprobed.", FailureClass.Auth);
        }

        uint value = Volatile.Read(ref *(uint*)(at + (nint)(address & (page - 1))));
        // Fails only for a mapping that is none.
        _ = Unmap(at, (nuint)page);
        return value;
    }

    public void Dispose() => _device.Dispose();

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint wanted, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint at, nuint length);
}
