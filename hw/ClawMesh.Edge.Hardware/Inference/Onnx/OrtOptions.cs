namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>On what a model may run. In the order of preference, but for WebGPU, which is taken only when asked for.</summary>
public enum OrtProvider
{
    TensorRt,
    Cuda,
    WebGpu,
    Cpu,
}

/// <summary>How models are run; the keys <c>models.*</c> of the configuration.</summary>
public sealed record OrtOptions
{
    /// <summary>The words of <see cref="Provider"/>; the first stands for null.</summary>
    public static readonly string[] ProviderWords = ["auto", "tensorrt", "cuda", "webgpu", "cpu"];

    /// <summary>The library or the folder it is in; nothing else is looked at then. Null: see <see cref="OrtSearch"/>.</summary>
    public string? Library { get; init; }

    /// <summary>The one provider to use, with the CPU behind it; null tries TensorRT, then CUDA, then the CPU.</summary>
    public OrtProvider? Provider { get; init; }

    /// <summary>Which of several GPUs.</summary>
    public int DeviceId { get; init; }

    /// <summary>Whether TensorRT may compute in 16 bits. The golden output still has to come out.</summary>
    public bool HalfPrecision { get; init; }

    /// <summary>Folder in which TensorRT keeps the engines it has built; null builds them at each start.</summary>
    public string? EngineCache { get; init; }

    /// <summary>Threads among which the candidates of a plan are shared on the CPU. One run never uses more than one.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Most rows one run may have.</summary>
    public int LargestBatch { get; init; } = 4_096;

    /// <summary>Null for a word that is none of <see cref="ProviderWords"/> and for <c>auto</c>.</summary>
    public static OrtProvider? ProviderOf(string word) => Array.IndexOf(ProviderWords, word) is > 0 and int place ? (OrtProvider)(place - 1) : null;

    /// <summary>As documents write it: <c>TensorRT</c>, <c>CUDA</c>, <c>WebGPU</c>, <c>CPU</c>.</summary>
    public static string NameOf(OrtProvider provider) => provider switch { OrtProvider.TensorRt => "TensorRT", OrtProvider.Cuda => "CUDA", OrtProvider.WebGpu => "WebGPU", _ => "CPU" };
}
