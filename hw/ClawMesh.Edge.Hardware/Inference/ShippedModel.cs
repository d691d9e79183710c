using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Onnx;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>The soil water model that travels inside the binary: its weights, and the manifest that says what they want. Immutable.</summary>
public sealed class ShippedModel
{
    private const string NetName = "models/soil-water.net";
    private const string ManifestName = "models/soil-water.model.json";

    private ShippedModel(DynamicsNet net, ModelManifest manifest) => (Net, Manifest) = (net, manifest);

    public DynamicsNet Net { get; }

    public ModelManifest Manifest { get; }

    /// <summary>Reads both, and has the net answer the manifest's golden question: a few milliseconds.</summary>
    /// <exception cref="EdgeException"><c>model.corrupt</c>: one of them is missing or damaged, or they are not of one training.</exception>
    public static ShippedModel Load()
    {
        DynamicsNet net;
        using (Stream stream = Open(NetName)) net = DynamicsNet.Load(stream);
        return Check(net, Read(ManifestBytes()));
    }

    /// <summary>The same model as a graph for ONNX Runtime, made from the weights: byte for byte the file whose hash the manifest holds.</summary>
    /// <exception cref="EdgeException"><c>model.changed</c>: the writer of graphs is not the one the manifest was written with.</exception>
    public ModelFile AsOnnx() => ModelFile.Read("the shipped soil-water.onnx", ManifestBytes(), OnnxWriter.Dynamics(Net, Manifest.Steps)).OrThrow();

    /// <summary>What both together must satisfy; apart from <see cref="Load"/> so that a test can hand in damaged ones.</summary>
    internal static ShippedModel Check(DynamicsNet net, ModelManifest manifest)
    {
        if (manifest.Inputs is not [{ Fields.Count: SoilState.Size }, { Fields.Count: SoilAction.Size }] || manifest.Outputs is not [{ Horizons.Count: > 0 }])
            throw Corrupt($"its inputs do not have {SoilState.Size} and {SoilAction.Size} fields, or it has no horizons");
        if (net.StateSize != SoilState.Size || net.ActionSize != SoilAction.Size) throw Corrupt($"the net takes {net.StateSize} and {net.ActionSize} numbers, the manifest says {SoilState.Size} and {SoilAction.Size}");
        if (manifest.Golden is not { Inputs: [{ Length: SoilState.Size } state, { } actions], Outputs: [{ } expected] }
            || actions.Length != manifest.Steps * SoilAction.Size || expected.Length != manifest.Steps * SoilState.Size)
        {
            throw Corrupt("its golden sample does not have the sizes of one forecast");
        }

        float worst = Worst(net, state, actions, expected);
        if (!(worst <= manifest.Golden.Tolerance)) throw Corrupt(FormattableString.Invariant($"the golden output is missed by {worst}; {manifest.Golden.Tolerance} is allowed"));
        return new ShippedModel(net, manifest);
    }

    private static float Worst(DynamicsNet net, float[] begin, float[] actions, float[] expected)
    {
        Span<float> state = stackalloc float[SoilState.Size];
        begin.CopyTo(state);
        float worst = 0;
        for (int step = 0; step < actions.Length / SoilAction.Size; step++)
        {
            net.Step(state, actions.AsSpan(step * SoilAction.Size, SoilAction.Size));
            for (int i = 0; i < state.Length; i++) worst = MathF.Max(worst, MathF.Abs(state[i] - expected[(step * SoilState.Size) + i]));
        }

        return worst;
    }

    private static ModelManifest Read(byte[] text)
    {
        try
        {
            return ModelManifestReader.Read(text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Corrupt($"the manifest cannot be read: {e.Message}");
        }
    }

    private static byte[] ManifestBytes()
    {
        using Stream text = Open(ManifestName);
        var bytes = new byte[text.Length];
        text.ReadExactly(bytes);
        return bytes;
    }

    private static Stream Open(string name) => typeof(ShippedModel).Assembly.GetManifestResourceStream(name) ?? throw Corrupt($"'{name}' is not in this build");

    private static EdgeException Corrupt(string why) =>
        new("model.corrupt", "Could not load the shipped soil water model.", $"The model is damaged: {why}.", "Install the release again, or train the model again with 'make train' and rebuild.", FailureClass.Model);
}
