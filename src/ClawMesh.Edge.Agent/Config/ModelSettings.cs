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
}
