using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>What came of reading a model with its manifest.</summary>
/// <param name="Origin">The manifest's path.</param>
/// <param name="Manifest">Null when there is none that can be read.</param>
/// <param name="Problems">Every one of them; none when the model may be used.</param>
/// <param name="Changed">Whether the model is not the one its manifest describes.</param>
public sealed record ModelReading(string Origin, ModelManifest? Manifest, byte[] Bytes, IReadOnlyList<ConfigProblem> Problems, bool Changed)
{
    private bool Absent { get; init; }

    /// <exception cref="EdgeException"><c>model.no_manifest</c>, <c>model.changed</c>, <c>model.manifest_invalid</c> (model).</exception>
    public ModelFile OrThrow()
    {
        if (Manifest is not null && Problems.Count == 0) return new ModelFile(Manifest, Bytes, Origin);
        string what = $"The model of '{Path.GetFileName(Origin)}' is not used.";
        string why = string.Join(" ", Problems.Select(p => p.Path.Length > 0 ? $"{p.Path}: {p.What}" : p.What));
        string fix = Problems.Count == 1 ? Problems[0].Fix : "`clawmesh-edge model check FILE` lists every problem with its fix.";
        throw Absent ? new EdgeException("model.no_manifest", what, why, fix, FailureClass.Model)
            : Changed ? new EdgeException("model.changed", what, why, fix, FailureClass.Model)
            : new EdgeException("model.manifest_invalid", what, why, fix, FailureClass.Model);
    }

    internal static ModelReading Without(string origin, string problem) =>
        Unusable(origin, [ModelFile.Error("", $"A model needs a manifest beside it. {problem}", "Write one as docs/models.md says; what a model expects cannot be read out of the model alone.")]) with { Absent = true };

    internal static ModelReading Unusable(string origin, IReadOnlyList<ConfigProblem> problems) => new(origin, null, [], problems, false);
}
