using System.Globalization;
using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>A loaded ONNX Runtime: its function table, environment and memory. Lives as long as the process. Thread-safe.</summary>
internal sealed unsafe class OrtApi
{
    /// <summary>What is asked for at least; the table of every later version begins with the same places.</summary>
    internal const uint OldestVersion = 17;

    /// <summary>The version that brought providers as libraries of their own.</summary>
    internal const uint PluginVersion = 22;

    // OrtLoggingLevel: what goes wrong comes back as a status, and standard error is the node's own.
    private const int FatalOnly = 4;

    private readonly nint* _table;

    private OrtApi(nint* table, string version, uint apiVersion)
    {
        _table = table;
        (Version, ApiVersion) = (version, apiVersion);
        nint made;
        fixed (byte* name = "clawmesh-edge\0"u8) Check(((delegate* unmanaged[Cdecl]<int, byte*, nint*, nint>)this[OrtFunction.CreateEnv])(FatalOnly, name, &made));
        Environment = made;
        // OrtDeviceAllocator, OrtMemTypeDefault.
        Check(((delegate* unmanaged[Cdecl]<int, int, nint*, nint>)this[OrtFunction.CreateCpuMemory])(0, 0, &made));
        CpuMemory = made;
        Check(((delegate* unmanaged[Cdecl]<nint*, nint>)this[OrtFunction.GetDefaultAllocator])(&made));
        Allocator = made;
    }

    /// <summary>For example <c>1.30.0</c>.</summary>
    internal string Version { get; }

    /// <summary>The version of the table in use, at most <see cref="PluginVersion"/>.</summary>
    internal uint ApiVersion { get; }

    internal nint Environment { get; }

    internal nint CpuMemory { get; }

    internal nint Allocator { get; }

    internal nint this[OrtFunction function] => _table[(int)function];

    /// <summary>Loads a library by its full path. Its telemetry, on by default in Microsoft's Linux builds, is switched off before.</summary>
    /// <exception cref="OrtFault">Not ONNX Runtime, too old, or it cannot start.</exception>
    /// <exception cref="DllNotFoundException">The loader refuses the file.</exception>
    /// <exception cref="BadImageFormatException">A file of another machine.</exception>
    internal static OrtApi Load(string path)
    {
        NativeVariable.Set("ORT_DISABLE_TELEMETRY", "1");
        nint library = NativeLibrary.Load(path);
        if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out nint export))
        {
            NativeLibrary.Free(library);
            throw new OrtFault(OrtFault.Failed, "it has no OrtGetApiBase, so it is not ONNX Runtime");
        }

        // struct OrtApiBase: GetApi, then GetVersionString.
        var functions = (nint*)((delegate* unmanaged[Cdecl]<nint>)export)();
        string version = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)functions[1])()) ?? "";
        uint offered = Offered(version);
        uint asked = Math.Min(offered, PluginVersion);
        nint table = asked < OldestVersion ? 0 : ((delegate* unmanaged[Cdecl]<uint, nint>)functions[0])(asked);
        if (table != 0) return new OrtApi((nint*)table, version, asked);
        NativeLibrary.Free(library);
        throw new OrtFault(OrtFault.Failed, $"its version is {version}; 1.{OldestVersion} or later is needed");
    }

    /// <exception cref="OrtFault">The status is not null; it is released.</exception>
    internal void Check(nint status)
    {
        if (status != 0) throw Fault(status);
    }

    /// <summary>The providers this library was built with. Their own libraries may still be missing.</summary>
    internal string[] BuiltInProviders()
    {
        nint* names;
        int count;
        Check(((delegate* unmanaged[Cdecl]<nint**, int*, nint>)this[OrtFunction.GetAvailableProviders])(&names, &count));
        var read = new string[count];
        for (int i = 0; i < count; i++) read[i] = Marshal.PtrToStringUTF8(names[i]) ?? "";
        Check(((delegate* unmanaged[Cdecl]<nint*, int, nint>)this[OrtFunction.ReleaseAvailableProviders])(names, count));
        return read;
    }

    private OrtFault Fault(nint status)
    {
        int code = ((delegate* unmanaged[Cdecl]<nint, int>)this[OrtFunction.GetErrorCode])(status);
        string message = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint, nint>)this[OrtFunction.GetErrorMessage])(status)) ?? "";
        ((delegate* unmanaged[Cdecl]<nint, void>)this[OrtFunction.ReleaseStatus])(status);
        return new OrtFault(code, message);
    }

    // 1.x offers API x and all before; asking for more prints to standard error.
    private static uint Offered(string version)
    {
        string[] parts = version.Split('.');
        return parts.Length > 1 && parts[0] == "1" && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint minor) ? minor : 0;
    }
}
