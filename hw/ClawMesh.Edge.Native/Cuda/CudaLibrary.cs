using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Native.Cuda;

/// <summary>
/// The calls of the CUDA driver API (cuda.h) that a rollout needs, by function pointer, from a <c>libcuda.so.1</c> that is looked for at
/// run time. The driver brings that library; no CUDA toolkit is needed. Never unloaded: the driver keeps threads of its own.
/// </summary>
internal sealed unsafe class CudaLibrary
{
    // The driver's package puts it where the loader looks. The rest: JetPack 6, JetPack 5, containers, WSL.
    private static readonly string[] Usual =
    [
        "libcuda.so.1",
        "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1",
        "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1",
        "/usr/local/nvidia/lib64/libcuda.so.1",
        "/usr/lib/wsl/lib/libcuda.so.1",
    ];

    internal readonly delegate* unmanaged[Cdecl]<uint, int> Init;
    internal readonly delegate* unmanaged[Cdecl]<int*, int> DriverGetVersion;
    internal readonly delegate* unmanaged[Cdecl]<int*, int> DeviceGetCount;
    internal readonly delegate* unmanaged[Cdecl]<int*, int, int> DeviceGet;
    internal readonly delegate* unmanaged[Cdecl]<byte*, int, int, int> DeviceGetName;
    internal readonly delegate* unmanaged[Cdecl]<int*, int, int, int> DeviceGetAttribute;
    internal readonly delegate* unmanaged[Cdecl]<int, uint, int> DevicePrimaryCtxSetFlags;
    internal readonly delegate* unmanaged[Cdecl]<nint*, int, int> DevicePrimaryCtxRetain;
    internal readonly delegate* unmanaged[Cdecl]<int, int> DevicePrimaryCtxRelease;
    internal readonly delegate* unmanaged[Cdecl]<nint, int> CtxSetCurrent;
    internal readonly delegate* unmanaged[Cdecl]<int> CtxSynchronize;
    internal readonly delegate* unmanaged[Cdecl]<nint*, byte*, uint, int*, nint*, int> ModuleLoadDataEx;
    internal readonly delegate* unmanaged[Cdecl]<nint*, nint, byte*, int> ModuleGetFunction;
    internal readonly delegate* unmanaged[Cdecl]<nint, int> ModuleUnload;
    internal readonly delegate* unmanaged[Cdecl]<ulong*, nuint, int> MemAlloc;
    internal readonly delegate* unmanaged[Cdecl]<ulong, int> MemFree;
    internal readonly delegate* unmanaged[Cdecl]<ulong, void*, nuint, int> MemcpyHtoD;
    internal readonly delegate* unmanaged[Cdecl]<void*, ulong, nuint, int> MemcpyDtoH;
    internal readonly delegate* unmanaged[Cdecl]<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel;
    internal readonly delegate* unmanaged[Cdecl]<int, byte**, int> GetErrorName;

    private readonly nint _handle;

    private CudaLibrary(nint handle, string path)
    {
        (_handle, Path) = (handle, path);
        Init = (delegate* unmanaged[Cdecl]<uint, int>)Export("cuInit");
        DriverGetVersion = (delegate* unmanaged[Cdecl]<int*, int>)Export("cuDriverGetVersion");
        DeviceGetCount = (delegate* unmanaged[Cdecl]<int*, int>)Export("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged[Cdecl]<int*, int, int>)Export("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged[Cdecl]<byte*, int, int, int>)Export("cuDeviceGetName");
        DeviceGetAttribute = (delegate* unmanaged[Cdecl]<int*, int, int, int>)Export("cuDeviceGetAttribute");
        DevicePrimaryCtxSetFlags = (delegate* unmanaged[Cdecl]<int, uint, int>)Export("cuDevicePrimaryCtxSetFlags");
        DevicePrimaryCtxRetain = (delegate* unmanaged[Cdecl]<nint*, int, int>)Export("cuDevicePrimaryCtxRetain");
        DevicePrimaryCtxRelease = (delegate* unmanaged[Cdecl]<int, int>)Export("cuDevicePrimaryCtxRelease");
        CtxSetCurrent = (delegate* unmanaged[Cdecl]<nint, int>)Export("cuCtxSetCurrent");
        CtxSynchronize = (delegate* unmanaged[Cdecl]<int>)Export("cuCtxSynchronize");
        ModuleLoadDataEx = (delegate* unmanaged[Cdecl]<nint*, byte*, uint, int*, nint*, int>)Export("cuModuleLoadDataEx");
        ModuleGetFunction = (delegate* unmanaged[Cdecl]<nint*, nint, byte*, int>)Export("cuModuleGetFunction");
        ModuleUnload = (delegate* unmanaged[Cdecl]<nint, int>)Export("cuModuleUnload");
        MemAlloc = (delegate* unmanaged[Cdecl]<ulong*, nuint, int>)Export("cuMemAlloc_v2");
        MemFree = (delegate* unmanaged[Cdecl]<ulong, int>)Export("cuMemFree_v2");
        MemcpyHtoD = (delegate* unmanaged[Cdecl]<ulong, void*, nuint, int>)Export("cuMemcpyHtoD_v2");
        MemcpyDtoH = (delegate* unmanaged[Cdecl]<void*, ulong, nuint, int>)Export("cuMemcpyDtoH_v2");
        LaunchKernel = (delegate* unmanaged[Cdecl]<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Export("cuLaunchKernel");
        GetErrorName = (delegate* unmanaged[Cdecl]<int, byte**, int>)Export("cuGetErrorName");
    }

    /// <summary>The name or path it was found under.</summary>
    internal string Path { get; }

    /// <param name="path">The only place to look, when not null: whoever names a library wants that one.</param>
    /// <exception cref="EdgeException"><c>gpu.absent</c>: not found. <c>gpu.driver_too_old</c>: a call is missing.</exception>
    internal static CudaLibrary Load(string? path)
    {
        string[] candidates = path is null ? Usual : [path];
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint handle)) return new CudaLibrary(handle, candidate);
        }

        throw CudaFaults.NoLibrary(candidates);
    }

    /// <summary>For example <c>CUDA_ERROR_OUT_OF_MEMORY (2)</c>.</summary>
    internal string NameOf(int result)
    {
        byte* name = null;
        return GetErrorName(result, &name) == CudaResult.Success && name is not null ? $"{Marshal.PtrToStringUTF8((nint)name)} ({result})" : $"CUDA error {result}";
    }

    private nint Export(string name) =>
        NativeLibrary.TryGetExport(_handle, name, out nint address) ? address : throw CudaFaults.TooOld($"'{Path}' has no '{name}'.");
}
