using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>Adds one provider to the options of a session, with what it needs to know.</summary>
internal sealed class OrtProviderSetup(OrtLibrary library, ModelManifest manifest, OrtOptions options)
{
    /// <summary>CUDA as a library of its own, beside a core of 1.22 or later that needs not know it.</summary>
    public const string CudaPluginFile = "libonnxruntime_providers_cuda_plugin.so";

    private const string CudaPluginName = "CudaPluginExecutionProvider";

    private string DeviceId => options.DeviceId.ToString(CultureInfo.InvariantCulture);

    /// <exception cref="OrtFault">The library says no.</exception>
    /// <exception cref="EdgeException"><c>gpu.provider_unusable</c> (gpu): it has no such provider.</exception>
    public void Add(OrtProvider provider, OrtSessionOptions session)
    {
        if (provider == OrtProvider.Cpu) return;
        switch (provider)
        {
            case OrtProvider.TensorRt:
                Require(provider, "TensorrtExecutionProvider");
                TensorRt(session);
                // What TensorRT leaves over, CUDA takes.
                Cuda(session);
                break;
            case OrtProvider.Cuda:
                Cuda(session);
                break;
            default:
                Require(provider, "WebGpuExecutionProvider");
                session.Append("WebGPU", [], []);
                break;
        }

        // A provider that left its work to the CPU would pass for a GPU.
        session.Entry("session.disable_cpu_ep_fallback", "1");
    }

    private void Cuda(OrtSessionOptions session)
    {
        string plugin = Path.Combine(library.Folder, CudaPluginFile);
        if (library.Api.ApiVersion < OrtApi.PluginVersion || !File.Exists(plugin))
        {
            Require(OrtProvider.Cuda, "CUDAExecutionProvider");
            session.AppendCuda(["device_id"], [DeviceId]);
        }
        else if (!session.TryAppendPlugin(plugin, CudaPluginName, [], []))
        {
            throw Unusable(OrtProvider.Cuda, $"'{plugin}' finds no device.");
        }
    }

    private void TensorRt(OrtSessionOptions session)
    {
        List<string> keys = ["device_id", "trt_fp16_enable", "trt_profile_min_shapes", "trt_profile_opt_shapes", "trt_profile_max_shapes"];
        // Without these an engine is built anew for each size of batch.
        List<string> values = [DeviceId, options.HalfPrecision ? "1" : "0", Shapes(1), Shapes(options.LargestBatch), Shapes(options.LargestBatch)];
        if (options.EngineCache is { } folder)
        {
            keys.AddRange(["trt_engine_cache_enable", "trt_engine_cache_path"]);
            values.AddRange(["1", folder]);
        }

        session.AppendTensorRt(keys, values);
    }

    // For example state:4096x16,actions:4096x24x8.
    internal string Shapes(int batch) =>
        string.Join(',', manifest.Inputs.Select(input => $"{input.Name}:{ShapeText.Of(input.Shape, batch.ToString(CultureInfo.InvariantCulture), "x")}"));

    private void Require(OrtProvider provider, string builtIn)
    {
        if (!library.BuiltIn.Contains(builtIn)) throw Unusable(provider, $"This library was built without it ('{library.Path}' has {string.Join(", ", library.BuiltIn)}).");
    }

    private static EdgeException Unusable(OrtProvider provider, string why) =>
        new("gpu.provider_unusable", $"{OrtOptions.NameOf(provider)} cannot be used.", why, "docs/models.md says where to get a library that has it.", FailureClass.Gpu);
}
