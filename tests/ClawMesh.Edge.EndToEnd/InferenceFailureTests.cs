using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.TestKit.Cuda;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>
/// Models and engines that fail in the published binary. Whatever is wrong with them, the node samples and gates as if it had none, and
/// says what is wrong.
/// </summary>
public class InferenceFailureTests
{
    private const string Valve = "actuator:valve:zone-1";

    // A launch of a plan over 1,024 candidates has 16 blocks; the one that is compared has two.
    private const string Fastest = "skips_from=16";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_model_file_that_is_no_model_leaves_the_node_without_forecasts()
    {
        await using var at = new Bench();
        string file = at.WriteModel("corrupt", Encoding.UTF8.GetBytes("this was an .onnx file once"));

        await at.StartAsync(("file", file), ("onnxRuntime", Runtime()));

        Assert.Contains("parsing failed", await at.RefusedAsync("Could not load the model"), StringComparison.Ordinal);
        await at.AssertSensesAndGatesAsync();
    }

    [Fact]
    public async Task A_model_of_no_numbers_misses_its_golden_output_and_is_not_used()
    {
        await using var at = new Bench();
        string file = at.WriteModel("nan", OnnxWriter.Dynamics(Net(float.NaN), 24));

        await at.StartAsync(("file", file), ("onnxRuntime", Runtime()));

        Assert.Contains("golden output", await at.RefusedAsync("soil-water"), StringComparison.Ordinal);
        await at.AssertSensesAndGatesAsync();
    }

    [Fact]
    public async Task A_model_that_answers_what_is_no_number_for_this_site_alone_gives_no_forecasts()
    {
        // Zero in, zero out: the golden sample cannot tell that every other state overflows, and that one overflow is taken from another.
        await using var at = new Bench();
        string file = at.WriteModel("overflow", OnnxWriter.Dynamics(Net(float.MaxValue), 24), ZeroGolden);

        await at.StartAsync(("file", file), ("onnxRuntime", Runtime()));

        await at.ToldAsync("No forecast of 'zone-1': The model answered");
        await at.AssertSensesAndGatesAsync();
        Assert.DoesNotContain(await at.ForecastsAsync(), _ => true);
    }

    [Fact]
    public async Task Without_an_onnx_runtime_at_the_configured_path_the_operators_model_is_not_used()
    {
        await using var at = new Bench();
        string file = at.WriteModel("model", ShippedModel.Load().AsOnnx().Bytes.ToArray());
        string nowhere = Path.Combine(at.StateDir, "libonnxruntime.so.1");

        await at.StartAsync(("file", file), ("onnxRuntime", nowhere));

        Assert.Contains(nowhere, await at.RefusedAsync(nowhere), StringComparison.Ordinal);
        await at.AssertSensesAndGatesAsync();
    }

    [Fact]
    public async Task A_model_without_a_manifest_is_not_used()
    {
        await using var at = new Bench();
        string file = at.WriteModel("model", ShippedModel.Load().AsOnnx().Bytes.ToArray());
        File.Delete(Path.ChangeExtension(file, ".model.json"));

        await at.StartAsync(("file", file));

        Assert.Contains("model.model.json", await at.RefusedAsync("model.model.json"), StringComparison.Ordinal);
        await at.AssertSensesAndGatesAsync();
    }

    [Fact]
    public async Task A_gpu_without_memory_at_the_start_leaves_the_forecasts_to_the_processor()
    {
        using FakeCuda gpu = Gpu($"{Fastest} alloc_fails_from=1");
        await using var at = new Bench();

        await at.StartAsync(("cuda", gpu.Library));

        Assert.NotEmpty(await at.ForecastedAsync());
        Assert.DoesNotContain(await at.ErrorsAsync(), e => e.Contains("cuda", StringComparison.Ordinal));
        await at.AssertSensesAndGatesAsync();
    }

    [Fact]
    public async Task A_gpu_that_hangs_costs_forecasts_only_and_one_that_is_lost_leaves_them_to_the_processor()
    {
        using FakeCuda gpu = Gpu(Fastest);
        await using var at = new Bench();
        await at.StartAsync(("cuda", gpu.Library));
        Assert.NotEmpty(await at.ForecastedAsync());
        int before = (await at.MessagesAsync("mode.change")).Count(IsForecastAgain);

        gpu.Inject($"{Fastest} hang=1");
        string hangs = await at.ToldAsync("No forecast of 'zone-1': The engine 'cuda' has not answered");
        // Less than the pause between two rounds: whoever asked first was told, not whoever asked next.
        Assert.InRange(SecondsIn(hangs), 0.8, 4.5);
        await at.AssertSensesAndGatesAsync();

        gpu.Inject(Fastest);
        await MeshPoll.UntilAsync(async () => (await at.MessagesAsync("mode.change")).Count(IsForecastAgain) > before, "forecasts to come again", Limit);

        gpu.Inject($"{Fastest} launch_fails_from=1");
        string lost = await at.ToldAsync("Engine 'cuda' failed and 'cpu' takes over");
        Assert.Contains("CUDA_ERROR_LAUNCH_FAILED", lost, StringComparison.Ordinal);
        await at.AssertSensesAndGatesAsync();
        Assert.Single(await at.ErrorsAsync(), e => e.Contains("takes over", StringComparison.Ordinal));
        Assert.Single(await at.ErrorsAsync(), e => e.StartsWith("No forecast of 'zone-1': The engine", StringComparison.Ordinal));

        static bool IsForecastAgain(string message) => message.StartsWith("'zone-1' is forecast again", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gpu_that_answers_what_is_no_number_is_left_for_the_processor()
    {
        using FakeCuda gpu = Gpu(Fastest);
        await using var at = new Bench();
        await at.StartAsync(("cuda", gpu.Library));
        Assert.NotEmpty(await at.ForecastedAsync());

        gpu.Inject($"{Fastest} nan=1");

        await at.ToldAsync("Engine 'cuda' failed and 'cpu' takes over");
        await at.AssertSensesAndGatesAsync();
        Assert.DoesNotContain(await at.ErrorsAsync(), e => e.Contains("where a number is due", StringComparison.Ordinal));
    }

    private static FakeCuda Gpu(string faults)
    {
        Assert.SkipWhen(FakeCuda.WhyNot is not null, FakeCuda.WhyNot ?? "");
        var gpu = new FakeCuda();
        gpu.Inject(faults);
        return gpu;
    }

    private static string Runtime()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string library = Path.Combine(folder.FullName, "artifacts/onnxruntime/libonnxruntime.so.1");
            if (File.Exists(library)) return library;
        }

        Assert.Skip("no ONNX Runtime under artifacts/onnxruntime; run .ci/setup inference");
        return "";
    }

    /// <summary>Of the shipped net's sizes, with one weight throughout: half the first layer has its sign turned, and half the rows of the second.</summary>
    private static DynamicsNet Net(float weight)
    {
        DynamicsNet of = ShippedModel.Load().Net;
        float[] Filled(int count) => [.. Enumerable.Repeat(weight, count)];
        // Whatever goes in, some of the first layer is above zero; the second takes the one from the other.
        float[] first = Filled(of.Weights1.Length), second = Filled(of.Weights2.Length);
        for (int i = 1; i < first.Length; i += 2) first[i] = -first[i];
        for (int i = 0; i < second.Length / 2; i++) second[i] = -second[i];
        return new DynamicsNet(of.StateSize, of.ActionSize, of.Hidden, first, new float[of.Hidden], second, new float[of.Hidden], Filled(of.Weights3.Length), new float[of.StateSize]);
    }

    private static void ZeroGolden(JsonObject manifest)
    {
        foreach (string side in (string[])["inputs", "outputs"])
        {
            JsonArray arrays = manifest["golden"]![side]!.AsArray();
            for (int i = 0; i < arrays.Count; i++) arrays[i] = new JsonArray([.. arrays[i]!.AsArray().Select(_ => (JsonNode)0)]);
        }
    }

    private static double SecondsIn(string text)
    {
        const string Before = "has not answered for ";
        int begin = text.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return double.Parse(text[begin..text.IndexOf(" s;", begin, StringComparison.Ordinal)], CultureInfo.InvariantCulture);
    }

    /// <summary>One node on the simulated farm with models of its own, and the questions all tests have for it.</summary>
    private sealed class Bench : IAsyncDisposable
    {
        private readonly TempState _state = new();
        private NodeProcess? _node;

        public string StateDir => _state;

        private NodeProcess Node => _node ?? throw new InvalidOperationException("the node has not been started");

        /// <summary>Writes a model and a manifest that holds its hash.</summary>
        /// <returns>The model's path.</returns>
        public string WriteModel(string name, byte[] model, Action<JsonObject>? change = null)
        {
            using Stream shipped = typeof(InferenceFailureTests).Assembly.GetManifestResourceStream("soil-water.model.json")!;
            JsonObject manifest = JsonNode.Parse(shipped)!.AsObject();
            manifest["file"] = name + ".onnx";
            manifest["sha256"] = Convert.ToHexStringLower(SHA256.HashData(model));
            change?.Invoke(manifest);
            File.WriteAllText(Path.Combine(StateDir, name + ".model.json"), manifest.ToJsonString());
            string file = Path.Combine(StateDir, name + ".onnx");
            File.WriteAllBytes(file, model);
            return file;
        }

        public async Task StartAsync(params (string Key, string Value)[] models)
        {
            var section = new JsonObject { ["cuda"] = "off" };
            foreach ((string key, string value) in models) section[key] = value;
            await File.WriteAllTextAsync(Path.Combine(StateDir, "node.json"), new JsonObject
            {
                ["models"] = section,
                // A forecast needs a reading of the site's last half hour, which are three seconds here.
                ["edge"] = new JsonObject { ["reportIntervalMs"] = 500 },
            }.ToJsonString());
            // Five seconds between two forecasts.
            _node = await NodeProcess.StartAsync(StateDir, "--sim-rate", "600");
        }

        /// <summary>The event that there are no forecasts because of <paramref name="about"/>; the subsystem says so too.</summary>
        public async Task<string> RefusedAsync(string about)
        {
            string told = await ToldAsync("There are no forecasts:");
            Assert.Contains(about, told, StringComparison.Ordinal);
            JsonElement status = await Node.CallAsync("mesh.status", "{}");
            JsonElement subsystem = status.GetProperty("edge").GetProperty("subsystems").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "world model");
            Assert.Equal("blocked", subsystem.GetProperty("state").GetString());
            Assert.Contains(about, subsystem.GetRawText(), StringComparison.Ordinal);
            return told;
        }

        public async Task<string> ToldAsync(string beginning)
        {
            string? told = null;
            await MeshPoll.UntilAsync(
                async () => (told = (await ErrorsAsync()).FirstOrDefault(m => m.StartsWith(beginning, StringComparison.Ordinal))) is not null,
                $"an event that begins with \"{beginning}\"", Limit, async () => string.Join('\n', await ErrorsAsync()));
            return told!;
        }

        public async Task<string[]> MessagesAsync(string type) =>
            [.. (await Node.CallAsync("mesh.events", $$"""{"limit":200,"type":"{{type}}"}""")).GetProperty("events").EnumerateArray().Reverse().Select(e => e.GetProperty("message").GetString()!)];

        public Task<string[]> ErrorsAsync() => MessagesAsync("error");

        /// <summary>Zones with a forecast in the node's picture. All four have one once a round is over.</summary>
        public async Task<string[]> ForecastsAsync() =>
            [.. (await Node.CallAsync("edge.twin", "{}")).GetProperty("entities").EnumerateArray()
                .Where(e => e.GetProperty("properties").EnumerateArray().Any(p => p.GetProperty("name").GetString() == "forecast:moisture")).Select(e => e.GetProperty("id").GetString()!)];

        public async Task<string[]> ForecastedAsync()
        {
            string[] zones = [];
            await MeshPoll.UntilAsync(async () => (zones = await ForecastsAsync()).Length == 4, "a forecast of each zone in the node's picture", Limit, async () => string.Join('\n', await ErrorsAsync()));
            return zones;
        }

        public async Task AssertSensesAndGatesAsync()
        {
            JsonElement status = await Node.CallAsync("mesh.status", "{}");
            JsonElement[] sensors = [.. status.GetProperty("edge").GetProperty("sensors").EnumerateArray().Where(s => s.TryGetProperty("simulated", out _))];
            Assert.Equal(13, sensors.Length);
            Assert.All(sensors, s => Assert.Equal("active", s.GetProperty("state").GetString()));
            // Answers of the last seconds, not of a time before the fault.
            Assert.All(sensors, s => Assert.True(s.GetProperty("ageMs").GetInt64() < 8_000, s.GetRawText()));

            await MeshPoll.UntilAsync(() => Task.FromResult(Node.OutputOnDisk(Valve) == 0), "an earlier lease to end", Limit);
            Ran model = await Node.CliAsync("actuate", Valve, "open", "--llm-only", "--json");
            Assert.True(model.ExitCode == 3, model.ToString());
            Assert.Equal("LLM_ONLY_ACTUATION_BLOCKED", model.Data.GetProperty("code").GetString());
            Assert.Equal(0, Node.OutputOnDisk(Valve));

            Ran person = await Node.CliAsync("actuate", Valve, "open", "--for", "2s", "--json");
            Assert.True(person.ExitCode == 0, person.ToString());
            Assert.Equal("done", person.Data.GetProperty("outcome").GetString());
        }

        public async ValueTask DisposeAsync()
        {
            if (_node is not null) await _node.DisposeAsync();
            _state.Dispose();
        }
    }
}
