using System.Text.Json;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Tests.Hardware.Inference;
using ClawMesh.Edge.Tests.Hardware.Inference.Onnx;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class ModelVerbTests : IDisposable
{
    private readonly CliBench _bench = new();
    private readonly ScratchDirectory _models = new();

    public void Dispose()
    {
        _bench.Dispose();
        _models.Dispose();
    }

    [Fact]
    public async Task A_good_model_is_shown_with_its_tensors_its_golden_output_and_every_provider()
    {
        UseLibrary();
        string model = TestModel.Put(_models);

        JsonElement data = await _bench.JsonAsync(0, "model check", "ok", "model", "check", model);

        Assert.Equal("soil-test", data.GetProperty("name").GetString());
        Assert.Empty(data.GetProperty("problems").EnumerateArray());
        Assert.Equal(["state", "actions"], data.GetProperty("inputs").EnumerateArray().Select(i => i.GetProperty("name").GetString()));
        JsonElement[] providers = [.. data.GetProperty("providers").EnumerateArray()];
        Assert.Equal(["TensorRT", "CUDA", "WebGPU", "CPU"], providers.Select(p => p.GetProperty("provider").GetString()));
        Assert.Single(providers, p => p.GetProperty("used").GetBoolean());
        Assert.True(providers[3].GetProperty("works").GetBoolean());
        Assert.InRange(providers[3].GetProperty("goldenDifference").GetDouble(), 0, 1e-5);
        Assert.All(providers, p => Assert.True(p.GetProperty("used").GetBoolean() || p.GetProperty("reason").GetString()!.Length > 0));

        Assert.Equal(0, await _bench.RunAsync("model", "check", model));
        Assert.Contains("The model may be used.", _bench.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_whose_golden_output_differs_must_not_be_used()
    {
        UseLibrary();
        string model = TestModel.Put(_models, m =>
        {
            m.Golden.Outputs[0][0] += 1;
            return m;
        });

        JsonElement data = await _bench.JsonAsync(1, "model check", "fail", "model", "check", model);

        JsonElement cpu = data.GetProperty("providers")[3];
        Assert.Equal(("model.golden_differs", false), (cpu.GetProperty("code").GetString(), cpu.GetProperty("used").GetBoolean()));
    }

    [Fact]
    public async Task Every_problem_of_a_manifest_is_listed_and_the_model_is_not_run()
    {
        UseLibrary();
        string model = TestModel.Put(_models, m => m with { Name = "", Sha256 = new string('0', 64) });

        JsonElement data = await _bench.JsonAsync(1, "model check", "fail", "model", "check", model);

        Assert.Equal(["name", "sha256"], data.GetProperty("problems").EnumerateArray().Select(p => p.GetProperty("path").GetString()));
        Assert.Empty(data.GetProperty("providers").EnumerateArray());
    }

    [Fact]
    public async Task Without_ONNX_Runtime_the_check_still_reads_the_manifest_and_says_how_to_get_one()
    {
        _bench.Put("state/node.json", """{ "models": { "onnxRuntime": "/nowhere/libonnxruntime.so.1" } }""");
        string model = TestModel.Put(_models, m => m with { Version = "" });

        JsonElement data = await _bench.JsonAsync(1, "model check", "fail", "model", "check", model);

        Assert.Equal("version", data.GetProperty("problems")[0].GetProperty("path").GetString());
        JsonElement runtime = data.GetProperty("onnxRuntime");
        Assert.False(runtime.GetProperty("found").GetBoolean());
        Assert.Contains("/nowhere/libonnxruntime.so.1: not there", runtime.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.Contains("docs/models.md", runtime.GetProperty("fix").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_ONNX_Runtime_there_is_nothing_to_measure()
    {
        _bench.Put("state/node.json", """{ "models": { "onnxRuntime": "/nowhere/libonnxruntime.so.1" } }""");

        await _bench.FailsAsync(1, "model.no_runtime", "model", "bench", TestModel.Put(_models));
    }

    [Fact]
    public async Task A_model_without_a_manifest_is_neither_checked_nor_measured()
    {
        UseLibrary();
        File.WriteAllBytes(_models.At("lonely.onnx"), TestModel.Onnx);

        await _bench.JsonAsync(1, "model check", "fail", "model", "check", _models.At("lonely.onnx"));
        await _bench.FailsAsync(1, "model.no_manifest", "model", "bench", _models.At("lonely.onnx"));
    }

    [Fact]
    public async Task Runs_are_measured_by_batch_beside_the_bare_function_and_allocate_nothing()
    {
        UseLibrary();

        JsonElement data = await _bench.JsonAsync(0, "model bench", "ok", "model", "bench", TestModel.Put(_models), "--seconds", "0");

        JsonElement cpu = data.GetProperty("providers")[3];
        Assert.Equal([1, 256, 4_096], cpu.GetProperty("batches").EnumerateArray().Select(b => b.GetProperty("batch").GetInt32()));
        Assert.All(cpu.GetProperty("batches").EnumerateArray(), b =>
        {
            Assert.Equal(0, b.GetProperty("bytesPerRun").GetDouble());
            foreach (string kind in (string[])["binding", "bare"])
            {
                JsonElement t = b.GetProperty(kind);
                Assert.InRange(t.GetProperty("minMicroseconds").GetDouble(), 1e-3, t.GetProperty("p50Microseconds").GetDouble());
                Assert.InRange(t.GetProperty("p50Microseconds").GetDouble(), 1e-3, t.GetProperty("p99Microseconds").GetDouble());
            }
        });
        Assert.NotEqual("", data.GetProperty("providers")[0].GetProperty("skipped").GetString());
    }

    [Fact]
    public async Task A_wrong_duration_is_a_mistake_of_usage() => Assert.Equal(2, await _bench.RunAsync("model", "bench", "x.onnx", "--seconds", "61"));

    private void UseLibrary()
    {
        InstalledOrt.Require();
        _bench.Put("state/node.json", $$"""{ "models": { "onnxRuntime": "{{InstalledOrt.File}}" } }""");
    }
}
