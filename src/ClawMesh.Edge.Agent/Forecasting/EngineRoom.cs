using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Agent.Forecasting;

/// <summary>Which model runs on what: the shipped net on the fastest engine that proved right, or a model file of the operator's on ONNX Runtime.</summary>
/// <param name="Trials">What came of each engine at the start, with its time or the reason why it is not used.</param>
/// <param name="Skipped">The engines and providers that were not taken, each with the reason.</param>
internal sealed record EngineRoom(ModelManifest Manifest, ModelSizes Sizes, IRolloutEngine Engine, IReadOnlyList<string> Trials, IReadOnlyList<string> Skipped)
{
    /// <summary>Tries every engine; takes a second or two where a GPU compiles its kernel, so nobody who must be quick calls it.</summary>
    /// <exception cref="EdgeException">The model cannot be used: class <c>model</c>.</exception>
    public static EngineRoom Open(ModelChoice choice, TimeProvider time) => choice.File is { } file ? OfFile(file, choice.Runtime) : OfShipped(choice, time);

    public EngineForecaster Forecaster(Func<bool> isHot, TimeProvider time) => new($"{Manifest.Name} {Manifest.Version}", Sizes, Engine, Skipped, isHot, time);

    private static EngineRoom OfFile(string file, OrtOptions configured)
    {
        OrtOptions options = RootLibraries.Own.Runtime(configured);
        ModelFile model = ModelFile.Load(file);
        if (Unfit(model.Manifest, ShippedModel.Load().Manifest) is { } unfit)
            throw new EdgeException("model.not_dynamics", $"Could not use the model '{file}'.", unfit, "docs/models.md lists what a model of soil water must take and give.", FailureClass.Model);
        var engine = new OrtRolloutEngine(OrtLibrary.Open(options), model, options);
        return new EngineRoom(
            model.Manifest, new ModelSizes(SoilState.Size, SoilAction.Size), engine, [$"onnx ({engine.Device}): taken, it runs the model of '{file}'"], engine.Skipped);
    }

    // The node makes hourly rows in one order of fields; a model that means something else by them would be believed all the same.
    internal static string? Unfit(ModelManifest manifest, ModelManifest ours)
    {
        if (manifest.StepMinutes != ours.StepMinutes || manifest.Steps != ours.Steps) return $"It has {manifest.Steps} steps of {manifest.StepMinutes} minutes; this node makes {ours.Steps} of {ours.StepMinutes}.";
        for (int input = 0; input < ours.Inputs.Count; input++)
        {
            IReadOnlyList<ModelField> wanted = ours.Inputs[input].Fields, seen = input < manifest.Inputs.Count ? manifest.Inputs[input].Fields : [];
            for (int i = 0; i < wanted.Count; i++)
            {
                if (i >= seen.Count || seen[i].Name != wanted[i].Name) return $"Field {i} of its input '{ours.Inputs[input].Name}' is '{(i < seen.Count ? seen[i].Name : "missing")}'; this node gives '{wanted[i].Name}'.";
            }

            if (seen.Count != wanted.Count) return $"Its input '{ours.Inputs[input].Name}' has {seen.Count} fields; this node gives {wanted.Count}.";
        }

        return manifest.Outputs is [{ Horizons.Count: > 0 }] ? null : "It has no horizons.";
    }

    // ONNX Runtime costs some 30 MB of memory, so it is tried for the shipped net only where its library is configured.
    private static EngineRoom OfShipped(ModelChoice choice, TimeProvider time)
    {
        ShippedModel shipped = ShippedModel.Load();
        var others = new List<EngineCandidate>();
        if (choice.Cuda) others.Add(new EngineCandidate("cuda", () => new CudaRolloutEngine(shipped.Net, RootLibraries.Own.Cuda(choice.CudaLibrary), choice.Runtime.DeviceId)));
        if (choice.Runtime.Library is not null) others.Add(new EngineCandidate("onnx", () => OnRuntime(shipped.AsOnnx(), RootLibraries.Own.Runtime(choice.Runtime))));
        EngineChoice made = RolloutEngineChoice.Make(shipped.Net, others, time, choice.Runtime.Threads);
        return new EngineRoom(
            shipped.Manifest, ModelSizes.Of(shipped.Net), made.Engine, [.. made.Trials.Select(t => t.ToString())], [.. made.Trials.Where(t => !t.Taken).Select(t => t.ToString())]);
    }

    private static OrtRolloutEngine OnRuntime(ModelFile model, OrtOptions options) => new(OrtLibrary.Open(options), model, options);
}
