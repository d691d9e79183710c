using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>The keys <c>models.*</c> as the hardware side wants them.</summary>
internal static class ModelSettings
{
    public static OrtOptions Read(NodeConfig config) => new()
    {
        Library = config.Text(ConfigKeys.ModelsOnnxRuntime),
        Provider = OrtOptions.ProviderOf(config.Text(ConfigKeys.ModelsProvider)!),
        DeviceId = (int)config.Number(ConfigKeys.ModelsDeviceId),
        HalfPrecision = config.Flag(ConfigKeys.ModelsFp16),
        EngineCache = config.Text(ConfigKeys.ModelsEngineCache),
        Threads = (int)config.Number(ConfigKeys.ModelsThreads),
    };

    public static ModelChoice Choice(NodeConfig config)
    {
        string cuda = config.Text(ConfigKeys.ModelsCuda)!;
        return new ModelChoice(config.Text(ConfigKeys.ModelsFile), cuda != "off", cuda is "auto" or "off" ? null : cuda, Read(config));
    }
}

/// <summary>What the configuration says of models, engines and libraries.</summary>
/// <param name="File">A model of the operator's; null for the shipped one.</param>
/// <param name="Cuda">Whether a GPU is looked for.</param>
/// <param name="CudaLibrary">Null: the driver's usual places.</param>
internal sealed record ModelChoice(string? File, bool Cuda, string? CudaLibrary, OrtOptions Runtime)
{
    public static ModelChoice Default { get; } = new(null, Cuda: true, null, new OrtOptions());
}
