using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Native.Cuda;

/// <summary>
/// One GPU and what is asked of it, in the order of the calls (the default stream). One caller at a time, on any thread. After
/// <c>gpu.lost</c> every call answers the same: a context that failed once returns nothing that can be trusted.
/// </summary>
internal sealed unsafe class CudaDevice : IDisposable
{
    // cuda.h: CUdevice_attribute, CUctx_flags, CUjit_option.
    private const int MultiprocessorCount = 16;
    private const uint BlockingSync = 4;
    private const int JitErrorLogBuffer = 5;
    private const int JitErrorLogBufferSize = 6;

    // The first driver that reads PTX 6.5; ours is 6.0, and nothing older was ever looked at.
    private const int OldestDriver = 10_020;

    private const int LogBytes = 2_048;

    private readonly CudaLibrary _cuda;
    private readonly List<ulong> _memory = [];
    private readonly int _device;
    private readonly nint _context;
    private nint _module;
    private EdgeException? _lost;
    private bool _disposed;

    /// <param name="libraryPath">Null: the usual places.</param>
    /// <param name="ordinal">Which GPU, from 0.</param>
    /// <exception cref="EdgeException"><c>gpu.absent</c>, <c>gpu.driver_too_old</c>, <c>gpu.out_of_memory</c>, <c>gpu.failed</c>.</exception>
    internal CudaDevice(string? libraryPath, int ordinal)
    {
        _cuda = CudaLibrary.Load(libraryPath);
        int version = 0, count = 0, device = 0, multiprocessors = 0;
        Open("cuInit", _cuda.Init(0));
        Open("cuDriverGetVersion", _cuda.DriverGetVersion(&version));
        if (version < OldestDriver) throw CudaFaults.TooOld($"it speaks CUDA {VersionText(version)}; {VersionText(OldestDriver)} is the oldest that will do.");
        Open("cuDeviceGetCount", _cuda.DeviceGetCount(&count));
        if (ordinal < 0 || ordinal >= count) throw CudaFaults.NoDevice($"GPU {ordinal} is wanted; the driver '{_cuda.Path}' sees {count}, counted from 0.");
        Open("cuDeviceGet", _cuda.DeviceGet(&device, ordinal));
        byte* name = stackalloc byte[256];
        Open("cuDeviceGetName", _cuda.DeviceGetName(name, 256, device));
        Open("cuDeviceGetAttribute", _cuda.DeviceGetAttribute(&multiprocessors, MultiprocessorCount, device));
        (_device, DriverVersion, Multiprocessors, Name) = (device, VersionText(version), multiprocessors, Marshal.PtrToStringUTF8((nint)name) ?? "GPU");

        // Waiting asleep: a GPU that hangs must not also take a processor core. A context that is there already keeps its own way.
        _ = _cuda.DevicePrimaryCtxSetFlags(device, BlockingSync);
        nint context = 0;
        Open("cuDevicePrimaryCtxRetain", _cuda.DevicePrimaryCtxRetain(&context, device));
        _context = context;
    }

    internal string Name { get; }

    /// <summary>Of CUDA, for example <c>12.8</c>.</summary>
    internal string DriverVersion { get; }

    internal int Multiprocessors { get; }

    /// <param name="image">PTX text; the driver compiles it for this GPU, which takes it up to a second the first time.</param>
    /// <exception cref="EdgeException"><c>gpu.module_refused</c>, with what the driver's compiler said; <c>gpu.driver_too_old</c>.</exception>
    internal void LoadModule(ReadOnlySpan<byte> image)
    {
        Enter();
        byte[] text = [.. image, 0];
        byte* log = stackalloc byte[LogBytes];
        log[0] = 0;
        int* options = stackalloc int[] { JitErrorLogBuffer, JitErrorLogBufferSize };
        nint* values = stackalloc nint[] { (nint)log, LogBytes };
        nint module = 0;
        int result;
        fixed (byte* start = text) result = _cuda.ModuleLoadDataEx(&module, start, 2, options, values);
        if (result == CudaResult.OutOfMemory) throw CudaFaults.OutOfMemory("cuModuleLoadDataEx", _cuda.NameOf(result), (nuint)image.Length);
        if (result == CudaResult.UnsupportedPtxVersion) throw CudaFaults.TooOld($"cuModuleLoadDataEx answered {_cuda.NameOf(result)}.");
        if (result != CudaResult.Success) throw CudaFaults.ModuleRefused(_cuda.NameOf(result), FirstLine(log));
        _module = module;
    }

    /// <exception cref="EdgeException"><c>gpu.module_refused</c>.</exception>
    internal nint Function(ReadOnlySpan<byte> nameWithZero)
    {
        Enter();
        nint function = 0;
        int result;
        fixed (byte* name = nameWithZero) result = _cuda.ModuleGetFunction(&function, _module, name);
        return result == CudaResult.Success ? function : throw CudaFaults.ModuleRefused(_cuda.NameOf(result), "");
    }

    /// <summary>Freed with the device or by <see cref="Free"/>.</summary>
    /// <exception cref="EdgeException"><c>gpu.out_of_memory</c>: what was there before can still be used. <c>gpu.lost</c>.</exception>
    internal ulong Allocate(nuint bytes)
    {
        Enter();
        ulong address = 0;
        int result = _cuda.MemAlloc(&address, bytes);
        if (result == CudaResult.OutOfMemory) throw CudaFaults.OutOfMemory("cuMemAlloc", _cuda.NameOf(result), bytes);
        Run("cuMemAlloc", result);
        _memory.Add(address);
        return address;
    }

    internal void Free(ulong address)
    {
        Enter();
        if (_memory.Remove(address)) Run("cuMemFree", _cuda.MemFree(address));
    }

    /// <exception cref="EdgeException"><c>gpu.lost</c>.</exception>
    internal void Upload(ulong to, ReadOnlySpan<float> from)
    {
        Enter();
        fixed (float* start = from) Run("cuMemcpyHtoD", _cuda.MemcpyHtoD(to, start, (nuint)from.Length * sizeof(float)));
    }

    /// <summary>Waits until what was launched is done.</summary>
    /// <exception cref="EdgeException"><c>gpu.lost</c>.</exception>
    internal void Download(Span<float> to, ulong from)
    {
        Enter();
        Run("cuCtxSynchronize", _cuda.CtxSynchronize());
        fixed (float* start = to) Run("cuMemcpyDtoH", _cuda.MemcpyDtoH(start, from, (nuint)to.Length * sizeof(float)));
    }

    /// <param name="arguments">The kernel's only parameter, laid out as the kernel has it.</param>
    /// <exception cref="EdgeException"><c>gpu.lost</c>.</exception>
    internal void Launch<T>(nint function, int blocks, int threads, in T arguments)
        where T : unmanaged
    {
        Enter();
        fixed (T* start = &arguments)
        {
            void* parameters = start;
            Run("cuLaunchKernel", _cuda.LaunchKernel(function, (uint)blocks, 1, 1, (uint)threads, 1, 1, 0, 0, &parameters, null));
        }
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        // What fails here has no one left to be told: the driver cleans up after the process.
        if (_cuda.CtxSetCurrent(_context) == CudaResult.Success)
        {
            foreach (ulong address in _memory) _ = _cuda.MemFree(address);
            if (_module != 0) _ = _cuda.ModuleUnload(_module);
            _ = _cuda.CtxSetCurrent(0);
        }

        _ = _cuda.DevicePrimaryCtxRelease(_device);
    }

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_lost is not null) throw _lost;
        Run("cuCtxSetCurrent", _cuda.CtxSetCurrent(_context));
    }

    private void Run(string call, int result)
    {
        if (result == CudaResult.Success) return;
        _lost = CudaFaults.Lost(call, _cuda.NameOf(result));
        throw _lost;
    }

    private void Open(string call, int result)
    {
        if (result == CudaResult.Success) return;
        string said = _cuda.NameOf(result);
        throw result switch
        {
            CudaResult.NoDevice or CudaResult.InvalidDevice or CudaResult.StubLibrary => CudaFaults.NoDevice($"{call} of '{_cuda.Path}' answered {said}."),
            CudaResult.SystemDriverMismatch or CudaResult.CompatNotSupportedOnDevice => CudaFaults.TooOld($"{call} answered {said}."),
            CudaResult.OutOfMemory => CudaFaults.OutOfMemory(call, said, 0),
            _ => CudaFaults.Failed(call, said),
        };
    }

    private static string FirstLine(byte* log)
    {
        string text = (Marshal.PtrToStringUTF8((nint)log) ?? "").Trim();
        int end = text.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? text : text[..end].TrimEnd();
    }

    // 12080 is 12.8.
    private static string VersionText(int version) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{version / 1_000}.{version % 1_000 / 10}");
}
