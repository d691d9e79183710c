using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Onnx;

/// <summary>How a session is to run. Not thread-safe. Everything here throws <see cref="OrtFault"/> when ONNX Runtime says no.</summary>
internal sealed unsafe class OrtSessionOptions : IDisposable
{
    private const int AllOptimisations = 99;

    private readonly OrtApi _api;
    private readonly OrtHandle _handle;

    internal OrtSessionOptions(OrtApi api, int intraOpThreads)
    {
        _api = api;
        nint made;
        api.Check(((delegate* unmanaged[Cdecl]<nint*, nint>)api[OrtFunction.CreateSessionOptions])(&made));
        _handle = new OrtHandle(api, OrtFunction.ReleaseSessionOptions, made);
        Number(OrtFunction.SetGraphOptimizationLevel, AllOptimisations);
        Number(OrtFunction.SetIntraOpThreads, intraOpThreads);
        Number(OrtFunction.SetInterOpThreads, 1);
        // A thread that spins takes the processor from the safety tick.
        Entry("session.intra_op.allow_spinning", "0");
    }

    internal nint Value => _handle.Value;

    internal void Entry(string key, string value)
    {
        using var texts = new NativeTexts([key, value]);
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nint, nint, nint>)_api[OrtFunction.AddSessionConfigEntry])(Value, texts.Pointer[0], texts.Pointer[1]));
    }

    /// <summary>Adds a provider that takes its settings by name: WebGPU, XNNPACK and others, but neither CUDA nor TensorRT.</summary>
    internal void Append(string provider, IReadOnlyList<string> keys, IReadOnlyList<string> values)
    {
        using var names = new NativeTexts([provider]);
        using var k = new NativeTexts(keys);
        using var v = new NativeTexts(values);
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nint, nint*, nint*, nuint, nint>)_api[OrtFunction.AppendByName])(Value, names.Pointer[0], k.Pointer, v.Pointer, (nuint)keys.Count));
    }

    internal void AppendCuda(IReadOnlyList<string> keys, IReadOnlyList<string> values) =>
        AppendTyped(OrtFunction.CreateCudaOptions, OrtFunction.UpdateCudaOptions, OrtFunction.AppendCuda, OrtFunction.ReleaseCudaOptions, keys, values);

    internal void AppendTensorRt(IReadOnlyList<string> keys, IReadOnlyList<string> values) =>
        AppendTyped(OrtFunction.CreateTensorRtOptions, OrtFunction.UpdateTensorRtOptions, OrtFunction.AppendTensorRt, OrtFunction.ReleaseTensorRtOptions, keys, values);

    /// <summary>Adds the first device that a provider library of its own offers under <paramref name="provider"/>; needs <see cref="OrtApi.PluginVersion"/>.</summary>
    /// <returns>False when it offers none.</returns>
    internal bool TryAppendPlugin(string library, string provider, IReadOnlyList<string> keys, IReadOnlyList<string> values)
    {
        nint* devices;
        nuint count;
        if (!TryFindDevice(provider, &devices, &count, out nint device))
        {
            using var texts = new NativeTexts([provider, library]);
            _api.Check(((delegate* unmanaged[Cdecl]<nint, nint, nint, nint>)_api[OrtFunction.RegisterProviderLibrary])(_api.Environment, texts.Pointer[0], texts.Pointer[1]));
            if (!TryFindDevice(provider, &devices, &count, out device)) return false;
        }

        using var k = new NativeTexts(keys);
        using var v = new NativeTexts(values);
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nint, nint*, nuint, nint*, nint*, nuint, nint>)_api[OrtFunction.AppendDevices])(Value, _api.Environment, &device, 1, k.Pointer, v.Pointer, (nuint)keys.Count));
        return true;
    }

    public void Dispose() => _handle.Dispose();

    private bool TryFindDevice(string provider, nint** devices, nuint* count, out nint device)
    {
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nint**, nuint*, nint>)_api[OrtFunction.GetProviderDevices])(_api.Environment, devices, count));
        for (nuint i = 0; i < *count; i++)
        {
            device = (*devices)[i];
            if (Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint, nint>)_api[OrtFunction.DeviceProviderName])(device)) == provider) return true;
        }

        device = 0;
        return false;
    }

    private void AppendTyped(OrtFunction create, OrtFunction update, OrtFunction append, OrtFunction release, IReadOnlyList<string> keys, IReadOnlyList<string> values)
    {
        nint made;
        _api.Check(((delegate* unmanaged[Cdecl]<nint*, nint>)_api[create])(&made));
        using var options = new OrtHandle(_api, release, made);
        using var k = new NativeTexts(keys);
        using var v = new NativeTexts(values);
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nint*, nint*, nuint, nint>)_api[update])(made, k.Pointer, v.Pointer, (nuint)keys.Count));
        _api.Check(((delegate* unmanaged[Cdecl]<nint, nint, nint>)_api[append])(Value, made));
    }

    private void Number(OrtFunction function, int value) => _api.Check(((delegate* unmanaged[Cdecl]<nint, int, nint>)_api[function])(Value, value));
}
