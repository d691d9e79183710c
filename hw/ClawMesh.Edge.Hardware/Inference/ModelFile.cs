using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>A model with the manifest that says what it is; both were checked. Immutable.</summary>
public sealed class ModelFile
{
    /// <summary>What stands behind the name of a model in the name of its manifest.</summary>
    public const string ManifestSuffix = ".model.json";

    // A field model has a few megabytes; what is larger was not meant for this node.
    private const long MaxBytes = 512L << 20;
    private const long MaxManifestBytes = 16L << 20;

    internal ModelFile(ModelManifest manifest, byte[] bytes, string origin) => (Manifest, Bytes, Origin) = (manifest, bytes, origin);

    public ModelManifest Manifest { get; }

    /// <summary>The model as it stands on disk.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The manifest's path, for messages.</summary>
    public string Origin { get; }

    /// <param name="file">The model or its manifest.</param>
    /// <exception cref="EdgeException"><c>model.no_manifest</c>, <c>model.changed</c>, <c>model.manifest_invalid</c> (model).</exception>
    public static ModelFile Load(string file) => Read(file).OrThrow();

    /// <summary>Reads and checks everything; what is wrong is all in the answer.</summary>
    /// <param name="file">The model or its manifest.</param>
    public static ModelReading Read(string file)
    {
        string path = ManifestOf(file);
        if (!TryReadFile(path, MaxManifestBytes, out byte[] text, out string problem)) return ModelReading.Without(path, problem);
        if (!TryParse(text, out ModelManifest? manifest, out problem)) return ModelReading.Unusable(path, [Error("", problem, "Write what docs/models.md asks for.")]);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!ModelManifestCheck.IsFileName(manifest!.File)) return Judge(path, manifest, [], "No model was read.");
        return TryReadFile(Path.Combine(folder, manifest.File), MaxBytes, out byte[] model, out problem) ? Judge(path, manifest, model, null) : Judge(path, manifest, [], problem);
    }

    /// <summary>The same for a model that is not on disk, such as the one inside the binary.</summary>
    public static ModelReading Read(string origin, ReadOnlySpan<byte> manifestText, byte[] model) =>
        TryParse(manifestText, out ModelManifest? manifest, out string problem)
            ? Judge(origin, manifest!, model, null)
            : ModelReading.Unusable(origin, [Error("", problem, "Write what docs/models.md asks for.")]);

    /// <summary>For example <c>soil.model.json</c> for <c>soil.onnx</c>.</summary>
    public static string ManifestOf(string file) =>
        file.EndsWith(ManifestSuffix, StringComparison.Ordinal) ? file : Path.Combine(Path.GetDirectoryName(file) ?? "", Path.GetFileNameWithoutExtension(file) + ManifestSuffix);

    private static ModelReading Judge(string origin, ModelManifest manifest, byte[] model, string? unreadable)
    {
        List<ConfigProblem> problems = ModelManifestCheck.Of(manifest);
        bool changed = false;
        if (unreadable is not null) problems.Add(Error("file", unreadable, "Put the model beside its manifest."));
        else if (ModelManifestCheck.IsSha256(manifest.Sha256))
        {
            string seen = Convert.ToHexStringLower(SHA256.HashData(model));
            changed = seen != manifest.Sha256;
            if (changed) problems.Add(Error("sha256", $"The model has {seen}; {manifest.Sha256} is allowed.", "Put the model of this manifest back, or the manifest of this model."));
        }

        return new ModelReading(origin, manifest, model, problems, changed);
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out ModelManifest? manifest, out string problem)
    {
        manifest = null;
        problem = "";
        try
        {
            if (text.StartsWith("\uFEFF"u8)) text = text[3..];
            manifest = ModelManifestReader.Read(text.ToArray());
            return true;
        }
        catch (Exception bad) when (bad is JsonException or InvalidOperationException)
        {
            // The second comes of an escape that is half a character, such as \ud800.
            problem = $"The manifest cannot be read: {bad.Message.TrimEnd('.')}.";
            return false;
        }
    }

    private static bool TryReadFile(string path, long maxBytes, out byte[] bytes, out string problem)
    {
        (bytes, problem) = ([], "");
        try
        {
            long length = new FileInfo(path).Length;
            if (length <= maxBytes) bytes = File.ReadAllBytes(path);
            else problem = $"'{path}' has {length} bytes; at most {maxBytes} are read.";
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            problem = bad is FileNotFoundException or DirectoryNotFoundException ? $"There is no '{path}'." : $"'{path}' cannot be read: {bad.Message}";
        }

        return problem.Length == 0;
    }

    internal static ConfigProblem Error(string path, string what, string fix) => new(ProblemSeverity.Error, path, what, fix);
}
