using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Benchmarks;

/// <summary>
/// <c>rollouts</c>: a plan of 24 hours over 1, 256 and 4,096 candidates with a net of 16 state, 8 action and 64 hidden members, on every
/// engine there is. Engines take turns, plan by plan, so that what else the machine does falls on all of them alike.
/// </summary>
internal static class RolloutBench
{
    private const double BudgetMilliseconds = 20;
    private const int BudgetCandidates = 4_096;
    private const int Steps = 24;

    private static readonly int[] Sizes = [1, 256, BudgetCandidates];

    /// <summary>What is measured. Another engine is one line here.</summary>
    /// <param name="libcuda">Null for the usual places.</param>
    /// <param name="runtime">Where ONNX Runtime lies; null where it is searched.</param>
    private static IReadOnlyList<EngineCandidate> Engines(DynamicsNet net, string? libcuda, string? runtime) =>
    [
        new("cpu, 1 thread", () => new CpuRolloutEngine(net, threads: 1)),
        new("cpu, 2 threads", () => new CpuRolloutEngine(net, threads: 2)),
        new("onnx, 1 thread", () => Onnx(net, runtime, threads: 1)),
        new("onnx, 2 threads", () => Onnx(net, runtime, threads: 2)),
        new("cuda", () => new CudaRolloutEngine(net, libcuda)),
    ];

    public static int Run(int runs, string? libcuda, string? runtime, FigureTable table)
    {
        var random = new Random(1);
        DynamicsNet net = Net(random);
        var engines = new List<(string Name, IRolloutEngine Engine)>();
        foreach (EngineCandidate candidate in Engines(net, libcuda, runtime))
        {
            try
            {
                if (candidate.Build() is { } engine) engines.Add(($"{candidate.Name} ({engine.Device})", engine));
            }
            catch (EdgeException absent)
            {
                table.Add($"plan, {candidate.Name}", $"not run: {absent.Why}", "", null);
            }
        }

        foreach (int candidates in Sizes) Measure(engines, Problem(net, random, candidates), candidates == BudgetCandidates ? runs : runs * 4, table);
        foreach ((_, IRolloutEngine engine) in engines) engine.Dispose();
        return 0;
    }

    private static void Measure(List<(string Name, IRolloutEngine Engine)> engines, RolloutProblem problem, int runs, FigureTable table)
    {
        Samples[] times = [.. engines.Select(_ => new Samples())];
        for (int run = -runs / 4; run < runs; run++)
        {
            for (int i = 0; i < engines.Count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                engines[i].Engine.Plan(problem);
                double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                // The first plans compile, fill caches and wake threads.
                if (run >= 0) times[i].Add(took);
            }
        }

        for (int i = 0; i < engines.Count; i++)
        {
            double median = times[i].Percentile(50);
            bool budgeted = problem.Candidates == BudgetCandidates && engines[i].Name.StartsWith("cpu, 2", StringComparison.Ordinal);
            table.Add(
                $"plan, N={problem.Candidates}, {engines[i].Name}", $"min {times[i].Percentile(0):0.000} ms, p50 {median:0.000} ms", budgeted ? $"≤ {BudgetMilliseconds:0} ms" : "", budgeted ? median <= BudgetMilliseconds : null);
        }
    }

    // The same weights as a graph; a manifest that asks for nothing but the shapes stands beside it.
    private static OrtRolloutEngine Onnx(DynamicsNet net, string? runtime, int threads)
    {
        byte[] graph = OnnxWriter.Dynamics(net, Steps);
        string hash = Convert.ToHexStringLower(SHA256.HashData(graph));
        float[] state = new float[net.StateSize], actions = new float[Steps * net.ActionSize], trajectory = new float[Steps * net.StateSize];
        float[] at = [.. state];
        for (int step = 0; step < Steps; step++)
        {
            net.Step(at, actions.AsSpan(step * net.ActionSize, net.ActionSize));
            at.CopyTo(trajectory, step * net.StateSize);
        }

        string manifest = $$"""
            { "schema": 1, "name": "bench", "version": "1", "file": "bench.onnx", "sha256": "{{hash}}",
              "inputs": [{ "name": "state", "shape": [null, {{net.StateSize}}], "fields": [{{Fields(net.StateSize)}}] },
                         { "name": "actions", "shape": [null, {{Steps}}, {{net.ActionSize}}], "fields": [{{Fields(net.ActionSize)}}] }],
              "outputs": [{ "name": "trajectory", "shape": [null, {{Steps}}, {{net.StateSize}}], "unit": "%",
                            "horizons": [{ "minutes": 60, "use": "model", "quantiles": [{ "probability": 0.5, "offset": 0 }] }] }],
              "windowMinutes": 1440, "stepMinutes": 60, "steps": {{Steps}}, "training": { "statement": "random weights", "data": ["none"] },
              "golden": { "inputs": [[{{Numbers(state)}}], [{{Numbers(actions)}}]], "outputs": [[{{Numbers(trajectory)}}]], "tolerance": 0.001 } }
            """;
        var options = new OrtOptions { Library = runtime, Threads = threads, Provider = OrtProvider.Cpu };
        return new OrtRolloutEngine(OrtLibrary.Open(options), ModelFile.Read("bench", Encoding.UTF8.GetBytes(manifest), graph).OrThrow(), options);
    }

    private static string Fields(int count) => string.Join(", ", Enumerable.Range(0, count).Select(i => $$"""{ "name": "f{{i}}", "unit": "1", "mean": 0, "deviation": 1 }"""));

    private static string Numbers(float[] values) => string.Join(", ", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));

    private static DynamicsNet Net(Random random) => new(
        16, 8, 64, Numbers(random, 24 * 64, 0.3f), Numbers(random, 64, 0.1f), Numbers(random, 64 * 64, 0.2f), Numbers(random, 64, 0.1f), Numbers(random, 64 * 16, 0.02f), Numbers(random, 16, 0.01f));

    private static RolloutProblem Problem(DynamicsNet net, Random random, int candidates)
    {
        float[] low = new float[Steps], high = new float[Steps];
        var allowed = new byte[Steps];
        Array.Fill(low, 30);
        Array.Fill(high, 36);
        Array.Fill(allowed, (byte)1);
        return new RolloutProblem
        {
            Steps = Steps, State = Numbers(random, net.StateSize, 1), Known = Numbers(random, Steps * net.ActionSize, 1), Allowed = allowed, LowPercent = low, HighPercent = high,
            MoistureScale = 5, MoistureOffset = 32, MaxFraction = 0.5f, LitresPerHour = 1_200, BudgetLitres = 3_000, Seed = 7, Candidates = candidates,
        };
    }

    private static float[] Numbers(Random random, int count, float size)
    {
        var numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = ((random.NextSingle() * 2) - 1) * size;
        return numbers;
    }
}
