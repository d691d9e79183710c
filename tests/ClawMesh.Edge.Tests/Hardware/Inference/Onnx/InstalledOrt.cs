using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Native.Onnx;
using ClawMesh.Edge.Tests.House;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

/// <summary>The ONNX Runtime that <c>.ci/setup inference</c> fetches. A test that needs it is skipped by name where it is not.</summary>
internal static class InstalledOrt
{
    public static string File { get; } = Path.Combine(Repository.Root, "artifacts", "onnxruntime", "libonnxruntime.so.1");

    public static void Require() => Assert.SkipUnless(System.IO.File.Exists(File), $"needs {File}; `.ci/setup inference` fetches it");

    public static OrtApi Api => Library.Api;

    public static OrtLibrary Library
    {
        get
        {
            Require();
            return OrtLibrary.Open([File]);
        }
    }

    /// <summary>A session on the CPU.</summary>
    public static OrtSessionHandle Session(byte[] model)
    {
        using var options = new OrtSessionOptions(Api, 1);
        return new OrtSessionHandle(Api, model, options);
    }

    /// <summary>A net whose weights come from a seed and are small, so that a rollout stays where floats are exact to 1e-5.</summary>
    public static DynamicsNet Net(int stateSize, int actionSize, int hidden, int seed)
    {
        var chance = new Random(seed);
        float[] Draw(int count, double scale)
        {
            var values = new float[count];
            for (int i = 0; i < count; i++) values[i] = (float)((chance.NextDouble() - 0.5) * scale);
            return values;
        }

        return new DynamicsNet(
            stateSize, actionSize, hidden, Draw((stateSize + actionSize) * hidden, 0.5), Draw(hidden, 0.2), Draw(hidden * hidden, 0.3), Draw(hidden, 0.2), Draw(hidden * stateSize, 0.1), Draw(stateSize, 0.02));
    }
}
