using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Tests.Agent.Config;

public sealed class ModelSettingsTests
{
    [Fact]
    public void Every_key_reaches_the_hardware_side()
    {
        OrtOptions options = Read("""{ "models": { "onnxRuntime": "/opt/x", "provider": "tensorrt", "deviceId": 1, "fp16": true, "engineCache": "/var/c", "threads": 6 } }""");

        Assert.Equal(new OrtOptions { Library = "/opt/x", Provider = OrtProvider.TensorRt, DeviceId = 1, HalfPrecision = true, EngineCache = "/var/c", Threads = 6 }, options);
    }

    [Fact]
    public void Without_keys_the_defaults_of_the_configuration_are_those_of_the_hardware_side() => Assert.Equal(new OrtOptions(), Read("{}"));

    [Theory]
    [InlineData("\"provider\": \"vulkan\"")]
    [InlineData("\"threads\": 0")]
    [InlineData("\"deviceId\": -1")]
    [InlineData("\"onnxRuntime\": \"\"")]
    public void A_value_out_of_bounds_is_a_problem(string member) =>
        Assert.False(NodeConfig.Read($$"""{ "models": { {{member}} } }""", "node.json", new Dictionary<string, (string, JsonElement)>()).IsValid);

    private static OrtOptions Read(string text) => ModelSettings.Read(NodeConfig.Read(text, "node.json", new Dictionary<string, (string, JsonElement)>()).OrThrow());
}
