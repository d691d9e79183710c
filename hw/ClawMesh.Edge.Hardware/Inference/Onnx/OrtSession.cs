using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>A model that is ready on one provider. Each thread that runs it prepares an <see cref="OrtRun"/> of its own.</summary>
public sealed class OrtSession : IDisposable
{
    private readonly OrtSessionHandle _handle;
    private readonly ModelManifest _manifest;

    private OrtSession(OrtLibrary library, ModelFile model, OrtOptions options, OrtProvider provider)
    {
        (Library, Provider, _manifest) = (library, provider, model.Manifest);
        try
        {
            using var settings = new OrtSessionOptions(library.Api, intraOpThreads: 1);
            new OrtProviderSetup(library, _manifest, options).Add(provider, settings);
            _handle = new OrtSessionHandle(library.Api, model.Bytes.Span, settings);
        }
        catch (OrtFault fault)
        {
            throw OrtFaults.Loading(fault, _manifest.Name, provider);
        }

        Inputs = OrtPort.Compare(_handle.Inputs, [.. _manifest.Inputs.Select(i => i.Name)], [.. _manifest.Inputs.Select(i => i.Shape)], allMustBeNamed: true);
        Outputs = OrtPort.Compare(_handle.Outputs, [.. _manifest.Outputs.Select(o => o.Name)], [.. _manifest.Outputs.Select(o => o.Shape)], allMustBeNamed: false);
    }

    public OrtLibrary Library { get; }

    public OrtProvider Provider { get; }

    /// <summary>One for every provider there is; empty after <see cref="OpenOn"/>.</summary>
    public IReadOnlyList<ProviderOutcome> Providers { get; private set; } = [];

    public IReadOnlyList<OrtPort> Inputs { get; }

    public IReadOnlyList<OrtPort> Outputs { get; }

    /// <summary>The largest difference between the golden output and what came out, infinite for what is no finite number, after <see cref="CheckGolden"/>.</summary>
    public float GoldenDifference { get; private set; }

    /// <summary>Opens the model on the first provider that works; see <see cref="ProviderChoice"/>.</summary>
    /// <exception cref="EdgeException"><c>model.corrupt</c>, <c>model.graph_differs</c>, <c>model.golden_differs</c>, <c>model.run_failed</c> (model).</exception>
    public static OrtSession Open(OrtLibrary library, ModelFile model, OrtOptions options)
    {
        (OrtSession session, IReadOnlyList<ProviderOutcome> outcomes) = ProviderChoice.First(options.Provider, provider => OpenOn(library, model, options, provider));
        session.Providers = outcomes;
        return session;
    }

    /// <summary>Opens the model on this provider, or not at all.</summary>
    /// <exception cref="EdgeException">As <see cref="Open"/>; <c>gpu.provider_unusable</c>, <c>gpu.run_failed</c> (gpu).</exception>
    public static OrtSession OpenOn(OrtLibrary library, ModelFile model, OrtOptions options, OrtProvider provider)
    {
        OrtSession session = Load(library, model, options, provider);
        try
        {
            session.CheckGraph();
            session.CheckGolden();
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Makes the model ready without a look at what it is or answers: for reports that want both.</summary>
    internal static OrtSession Load(OrtLibrary library, ModelFile model, OrtOptions options, OrtProvider provider) => new(library, model, options, provider);

    /// <summary>Memory for runs of <paramref name="batch"/> rows.</summary>
    /// <exception cref="EdgeException"><c>model.run_failed</c>, <c>gpu.run_failed</c>.</exception>
    public OrtRun Prepare(int batch) => new(_handle, _manifest, Provider, batch);

    /// <exception cref="EdgeException"><c>model.graph_differs</c> (model), with every difference.</exception>
    internal void CheckGraph()
    {
        string[] problems = [.. Inputs.Where(p => p.Problem.Length > 0).Select(p => $"input '{p.Name}' {OrtPort.Text(p.Shape)}: {p.Problem}"), .. Outputs.Where(p => p.Problem.Length > 0).Select(p => $"output '{p.Name}' {OrtPort.Text(p.Shape)}: {p.Problem}")];
        if (problems.Length == 0) return;
        throw new EdgeException("model.graph_differs", $"The model '{_manifest.Name}' is not what its manifest says.", $"{string.Join("; ", problems)}.", "Correct the manifest, or take the model it was written for.", FailureClass.Model);
    }

    /// <summary>Runs the golden input.</summary>
    /// <exception cref="EdgeException"><c>model.golden_differs</c> (model), <c>model.run_failed</c>, <c>gpu.run_failed</c>.</exception>
    internal void CheckGolden()
    {
        ModelGolden golden = _manifest.Golden;
        int batch = 1;
        for (int i = 0; i < golden.Inputs.Count; i++)
        {
            int row = 1;
            foreach (int? length in _manifest.Inputs[i].Shape) row *= length ?? 1;
            if (_manifest.Inputs[i].Shape[0] is null) batch = golden.Inputs[i].Length / row;
        }

        using OrtRun run = Prepare(batch);
        for (int i = 0; i < golden.Inputs.Count; i++) golden.Inputs[i].CopyTo(run.Input(i));
        run.Run();
        for (int i = 0; i < golden.Outputs.Count; i++) Compare(_manifest.Outputs[i].Name, golden.Outputs[i], run.Output(i), golden.Tolerance);
    }

    private void Compare(string output, float[] expected, ReadOnlySpan<float> seen, float tolerance)
    {
        int worst = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            // A NaN would compare as neither more nor less and hide what else is wrong.
            float difference = float.IsFinite(seen[i]) ? MathF.Abs(seen[i] - expected[i]) : float.PositiveInfinity;
            if (difference <= GoldenDifference) continue;
            GoldenDifference = difference;
            if (!(difference <= tolerance)) worst = i;
        }

        if (worst < 0) return;
        throw new EdgeException(
            "model.golden_differs", $"The model '{_manifest.Name}' does not give its golden output on {OrtOptions.NameOf(Provider)}.",
            FormattableString.Invariant($"Number {worst} of '{output}' is {seen[worst]}{(float.IsFinite(seen[worst]) ? "" : ", which is no finite number")}; {expected[worst]} is allowed, give or take {tolerance}."),
            "Take another provider, or the model of the release.", FailureClass.Model);
    }

    public void Dispose() => _handle.Dispose();
}
