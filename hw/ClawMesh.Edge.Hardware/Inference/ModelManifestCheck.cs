using System.Globalization;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>Looks at a manifest as a whole and collects all that is wrong with it. The model's own bytes are not looked at.</summary>
internal sealed class ModelManifestCheck
{
    public const int Schema = 1;

    public const string UseModel = "model";
    public const string UsePersistence = "persistence";

    private const int MaxTextLength = 4_096;
    private const int MaxRank = 8;
    private const long MaxElements = 1L << 28;

    private readonly ModelManifest _manifest;
    private readonly List<ConfigProblem> _problems = [];

    private ModelManifestCheck(ModelManifest manifest) => _manifest = manifest;

    public static List<ConfigProblem> Of(ModelManifest manifest)
    {
        var check = new ModelManifestCheck(manifest);
        check.Head();
        check.Ports();
        check.Training();
        check.Golden();
        return check._problems;
    }

    public static bool IsSha256(string text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiHexDigitLower(c)) return false;
        }

        return text.Length == 64;
    }

    /// <summary>A name in the folder of the manifest, not a way out of it.</summary>
    public static bool IsFileName(string name) => name.Length is > 0 and <= 255 && name is not ("." or "..") && !name.Contains('/', StringComparison.Ordinal) && !name.Contains('\0', StringComparison.Ordinal);

    private void Head()
    {
        if (_manifest.Schema != Schema) Add("schema", Text($"is {_manifest.Schema}; this node reads {Schema}"), "Take a manifest of this version.");
        Named("name", _manifest.Name);
        Named("version", _manifest.Version);
        if (!IsFileName(_manifest.File)) Add("file", $"is '{_manifest.File}'; it must be a file name without a folder", "The model stands beside its manifest.");
        if (!IsSha256(_manifest.Sha256)) Add("sha256", $"is '{_manifest.Sha256}'; it must be 64 digits, 0 to 9 and a to f", "`sha256sum` prints it.");
        Range("windowMinutes", _manifest.WindowMinutes, 0, 525_600);
        Range("stepMinutes", _manifest.StepMinutes, 1, 525_600);
        Range("steps", _manifest.Steps, 1, RolloutBounds.MaxSteps);
    }

    private void Ports()
    {
        if (_manifest.Inputs.Count is 0 or > 64) Add("inputs", Text($"has {_manifest.Inputs.Count} entries; 1 to 64 are allowed"), "Name each input of the graph.");
        if (_manifest.Outputs.Count is 0 or > 64) Add("outputs", Text($"has {_manifest.Outputs.Count} entries; 1 to 64 are allowed"), "Name each output that is used.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < _manifest.Inputs.Count; i++)
        {
            string path = Text($"inputs[{i}]");
            if (_manifest.Inputs[i] is { } input && Port(path, input.Name, input.Shape, names)) Fields(path, input);
            else if (_manifest.Inputs[i] is null) Add(path, "is null", "Describe the input or leave it out.");
        }

        names.Clear();
        for (int i = 0; i < _manifest.Outputs.Count; i++)
        {
            string path = Text($"outputs[{i}]");
            if (_manifest.Outputs[i] is { } output)
            {
                _ = Port(path, output.Name, output.Shape, names);
                Horizons(path, output);
            }
            else Add(path, "is null", "Describe the output or leave it out.");
        }
    }

    private bool Port(string path, string name, IReadOnlyList<int?> shape, HashSet<string> names)
    {
        Named($"{path}.name", name);
        if (!names.Add(name)) Add($"{path}.name", $"'{name}' is there twice", "Give each its own name, as the graph does.");
        bool fits = shape.Count is >= 1 and <= MaxRank;
        long elements = 1;
        for (int axis = 0; axis < shape.Count && fits; axis++)
        {
            fits = shape[axis] is { } length ? length >= 1 && (elements *= length) <= MaxElements : axis == 0;
        }

        if (!fits) Add($"{path}.shape", $"is [{ShapeText.Of(shape, "null", ", ")}]; 1 to {MaxRank} lengths from 1 are allowed, null as the first alone", "Write the shape of the graph, null for the batch.");
        return fits;
    }

    private void Fields(string path, ModelInput input)
    {
        if (input.Shape[^1] is { } last && input.Fields.Count != last) Add($"{path}.fields", Text($"has {input.Fields.Count} entries; the last axis has {last}"), "Name each number of the last axis, in order.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < input.Fields.Count; i++)
        {
            string place = Text($"{path}.fields[{i}]");
            if (input.Fields[i] is not { } field)
            {
                Add(place, "is null", "Describe the field.");
                continue;
            }

            Named($"{place}.name", field.Name);
            if (!names.Add(field.Name)) Add($"{place}.name", $"'{field.Name}' is there twice", "Give each field its own name.");
            if (!double.IsFinite(field.Mean)) Add($"{place}.mean", Text($"is {field.Mean}; it must be a number"), "Write the mean of the training data.");
            if (!(field.Deviation > 0) || !double.IsFinite(field.Deviation)) Add($"{place}.deviation", Text($"is {field.Deviation}; it must be above 0"), "Write the deviation of the training data; 1 for a field that is not normalised.");
        }
    }

    private void Horizons(string path, ModelOutput output)
    {
        long longest = (long)_manifest.Steps * _manifest.StepMinutes;
        int before = 0;
        for (int i = 0; i < output.Horizons.Count; i++)
        {
            string place = Text($"{path}.horizons[{i}]");
            if (output.Horizons[i] is not { } horizon)
            {
                Add(place, "is null", "Describe the horizon.");
                continue;
            }

            if (horizon.Minutes < 1 || horizon.Minutes > longest || (_manifest.StepMinutes > 0 && horizon.Minutes % _manifest.StepMinutes != 0)) Add($"{place}.minutes", Text($"is {horizon.Minutes}; it must be a multiple of {_manifest.StepMinutes} up to {longest}"), "A horizon ends with a step of the model.");
            if (horizon.Minutes <= before) Add($"{place}.minutes", Text($"is {horizon.Minutes} after {before}; horizons must rise"), "Sort the horizons.");
            before = horizon.Minutes;
            if (horizon.Use is not (UseModel or UsePersistence)) Add($"{place}.use", $"is '{horizon.Use}'; it must be {UseModel} or {UsePersistence}", "Take what was better on validation data.");
            Quantiles(place, horizon.Quantiles);
        }
    }

    private void Quantiles(string path, IReadOnlyList<ModelQuantile> quantiles)
    {
        ModelQuantile? before = null;
        for (int i = 0; i < quantiles.Count; i++)
        {
            string place = Text($"{path}.quantiles[{i}]");
            if (quantiles[i] is not { } quantile)
            {
                Add(place, "is null", "Describe the quantile.");
                continue;
            }

            if (!(quantile.Probability > 0 && quantile.Probability < 1)) Add($"{place}.probability", Text($"is {quantile.Probability}; it must be above 0 and below 1"), "0.1 is the value that one in ten stays below.");
            if (!double.IsFinite(quantile.Offset)) Add($"{place}.offset", Text($"is {quantile.Offset}; it must be a number"), "Write how far from the point forecast it lies.");
            if (before is not null && !(quantile.Probability > before.Probability && quantile.Offset >= before.Offset)) Add(place, Text($"({quantile.Probability}, {quantile.Offset}) follows ({before.Probability}, {before.Offset}); both must rise"), "Sort the quantiles by probability.");
            before = quantile;
        }
    }

    private void Training()
    {
        if (string.IsNullOrWhiteSpace(_manifest.Training.Statement)) Add("training.statement", "is empty", "Say on what the model was trained and what it was not shown.");
        if (_manifest.Training.Data.Count == 0) Add("training.data", "is empty", "Name the data the model was trained on.");
    }

    private void Golden()
    {
        ModelGolden golden = _manifest.Golden;
        if (!(golden.Tolerance >= 0 && golden.Tolerance <= 1)) Add("golden.tolerance", Text($"is {golden.Tolerance}; it must be 0 to 1"), "Write how far an output may be off.");
        long? batch = null;
        GoldenArrays("golden.inputs", golden.Inputs, [.. _manifest.Inputs.Select(i => i?.Shape)], ref batch);
        GoldenArrays("golden.outputs", golden.Outputs, [.. _manifest.Outputs.Select(o => o?.Shape)], ref batch);
    }

    private void GoldenArrays(string path, IReadOnlyList<float[]> arrays, IReadOnlyList<IReadOnlyList<int?>?> shapes, ref long? batch)
    {
        if (arrays.Count != shapes.Count) Add(path, Text($"has {arrays.Count} arrays; there are {shapes.Count}"), "Give one array for each, in the same order.");
        for (int i = 0; i < Math.Min(arrays.Count, shapes.Count); i++)
        {
            string place = Text($"{path}[{i}]");
            if (arrays[i] is not { } values)
            {
                Add(place, "is null", "Give its numbers.");
                continue;
            }

            if (shapes[i] is { } shape) Size(place, values, shape, ref batch);
            int wrong = Array.FindIndex(values, v => !float.IsFinite(v));
            if (wrong >= 0) Add(place, Text($"has {values[wrong]} at {wrong}; only numbers are allowed"), "A golden pair is made of numbers.");
        }
    }

    private void Size(string path, float[] values, IReadOnlyList<int?> shape, ref long? batch)
    {
        long one = 1;
        bool open = false;
        foreach (int? length in shape)
        {
            one *= Math.Max(length ?? 1, 1);
            open |= length is null;
        }

        bool fits = values.Length > 0 && values.Length % one == 0 && (open || values.Length == one);
        if (fits && open) fits = values.Length / one == (batch ??= values.Length / one);
        if (!fits) Add(path, Text($"has {values.Length} numbers; its shape asks for {one * (open ? batch ?? 1 : 1)}{(open ? ", times one batch for all" : "")}"), "Write the arrays of one run.");
    }

    private void Named(string path, string text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > MaxTextLength || text.Any(char.IsControl)) Add(path, $"is '{text}'; it must be a text without control characters", "Name it.");
    }

    private void Range(string path, int value, int min, int max)
    {
        if (value < min || value > max) Add(path, Text($"is {value}; it must be {min} to {max}"), "Write what the model was trained with.");
    }

    private void Add(string path, string what, string fix) => _problems.Add(ModelFile.Error(path, $"It {what}.", fix));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
