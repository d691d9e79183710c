using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

public sealed class ProviderChoiceTests
{
    [Fact]
    public void The_first_provider_that_works_is_taken_and_each_other_says_why_not()
    {
        (string opened, IReadOnlyList<ProviderOutcome> outcomes) = ProviderChoice.First(null, p => p == OrtProvider.TensorRt ? throw Absent("no libnvinfer") : p.ToString());

        Assert.Equal("Cuda", opened);
        Assert.Equal(["TensorRT: no libnvinfer", "CUDA: used", "WebGPU: not needed, CUDA is used", "CPU: not needed, CUDA is used"], outcomes.Select(o => o.ToString()));
    }

    [Fact]
    public void WebGPU_is_taken_only_when_asked_for()
    {
        var tried = new List<OrtProvider>();

        (_, IReadOnlyList<ProviderOutcome> outcomes) = ProviderChoice.First(null, p => Open(tried, p, OrtProvider.Cpu));

        Assert.Equal([OrtProvider.TensorRt, OrtProvider.Cuda, OrtProvider.Cpu], tried);
        Assert.Equal("WebGPU: taken only when models.provider is webgpu", outcomes[2].ToString());
        Assert.Equal("WebGPU", ProviderChoice.First(OrtProvider.WebGpu, p => OrtOptions.NameOf(p)).Opened);
    }

    [Fact]
    public void A_provider_that_was_asked_for_and_fails_leaves_the_CPU_and_nothing_else()
    {
        var tried = new List<OrtProvider>();

        (_, IReadOnlyList<ProviderOutcome> outcomes) = ProviderChoice.First(OrtProvider.Cuda, p => Open(tried, p, OrtProvider.Cpu));

        Assert.Equal([OrtProvider.Cuda, OrtProvider.Cpu], tried);
        Assert.Equal("TensorRT: not asked for, models.provider is cuda", outcomes[0].ToString());
        Assert.True(outcomes[3].Used);
    }

    [Fact]
    public void A_fault_of_the_CPU_is_the_fault_of_all() =>
        Assert.Equal("why Cpu", Assert.Throws<EdgeException>(() => ProviderChoice.First<string>(null, p => throw Absent($"why {p}"))).Why);

    [Theory]
    [InlineData("auto", null)]
    [InlineData("tensorrt", OrtProvider.TensorRt)]
    [InlineData("webgpu", OrtProvider.WebGpu)]
    [InlineData("cpu", OrtProvider.Cpu)]
    [InlineData("vulkan", null)]
    public void The_words_of_the_configuration_mean_providers(string word, OrtProvider? provider) => Assert.Equal(provider, OrtOptions.ProviderOf(word));

    [Fact]
    public void TensorRT_is_told_between_which_sizes_a_batch_may_be()
    {
        InstalledOrt.Require();
        var setup = new OrtProviderSetup(InstalledOrt.Library, TestModel.Manifest(TestModel.Onnx), new OrtOptions());

        Assert.Equal("state:4096x16,actions:4096x24x8", setup.Shapes(4_096));
    }

    private static string Open(List<OrtProvider> tried, OrtProvider provider, OrtProvider works)
    {
        tried.Add(provider);
        return provider == works ? provider.ToString() : throw Absent($"no {provider}");
    }

    private static EdgeException Absent(string why) => new("gpu.provider_unusable", "It cannot be used.", why, "None.", FailureClass.Gpu);
}
