using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Output;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Tests.Hardware.Inference.Onnx;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Inference;

/// <summary>A small model of dynamics with a manifest that is right in every point, for tests to spoil.</summary>
internal static class TestModel
{
    public const int Steps = 24;

    public static DynamicsNet Net { get; } = InstalledOrt.Net(SoilState.Size, SoilAction.Size, 12, seed: 3);

    public static byte[] Onnx { get; } = OnnxWriter.Dynamics(Net, Steps);

    public static ModelManifest Manifest(byte[] model)
    {
        float[] state = Numbers(SoilState.Size, 1), actions = Numbers(Steps * SoilAction.Size, 2);
        return new ModelManifest
        {
            Schema = 1,
            Name = "soil-test",
            Version = "1.0",
            File = "soil.onnx",
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(model)),
            Inputs = [new ModelInput("state", [null, SoilState.Size], Fields("s", SoilState.Size)), new ModelInput("actions", [null, Steps, SoilAction.Size], Fields("a", SoilAction.Size))],
            Outputs = [new ModelOutput("trajectory", [null, Steps, SoilState.Size], "percent", [new ModelHorizon(60, "persistence", []), new ModelHorizon(360, "model", [new ModelQuantile(0.1, -2), new ModelQuantile(0.5, 0), new ModelQuantile(0.9, 2.5)])])],
            WindowMinutes = 1_440,
            StepMinutes = 60,
            Steps = Steps,
            Training = new ModelTraining("Not trained: weights from a seed.", ["none"]),
            Golden = new ModelGolden([state, actions], [Trajectory(Net, state, actions)], 1e-5f),
        };
    }

    /// <summary>The model with its manifest, without a disk.</summary>
    public static ModelFile File(byte[]? model = null, Func<ModelManifest, ModelManifest>? change = null)
    {
        ModelManifest manifest = Manifest(model ?? Onnx);
        return new ModelFile(change?.Invoke(manifest) ?? manifest, model ?? Onnx, "soil.model.json");
    }

    /// <summary>Writes both and returns the path of the model.</summary>
    public static string Put(ScratchDirectory scratch, Func<ModelManifest, ModelManifest>? change = null)
    {
        ModelManifest manifest = Manifest(Onnx);
        string path = scratch.Put("soil.model.json", Text(change?.Invoke(manifest) ?? manifest));
        System.IO.File.WriteAllBytes(scratch.At("soil.onnx"), Onnx);
        Assert.Equal(scratch.At("soil.model.json"), path);
        return scratch.At("soil.onnx");
    }

    public static string Text(ModelManifest manifest) => JsonSerializer.Serialize(manifest, ModelManifestJson.Default.ModelManifest);

    /// <summary>The state after each step, by the plain loops.</summary>
    public static float[] Trajectory(DynamicsNet net, ReadOnlySpan<float> state, ReadOnlySpan<float> actions)
    {
        int steps = actions.Length / net.ActionSize;
        float[] at = state.ToArray();
        var trajectory = new float[steps * net.StateSize];
        for (int step = 0; step < steps; step++)
        {
            net.Step(at, actions.Slice(step * net.ActionSize, net.ActionSize));
            at.CopyTo(trajectory.AsSpan(step * net.StateSize));
        }

        return trajectory;
    }

    public static float[] Numbers(int count, int seed)
    {
        var chance = new Random(seed);
        var numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (float)chance.NextDouble();
        return numbers;
    }

    private static ModelField[] Fields(string name, int count) => [.. Enumerable.Range(0, count).Select(i => new ModelField($"{name}{i}", "1", 0.5 * i, 1 + i))];
}
