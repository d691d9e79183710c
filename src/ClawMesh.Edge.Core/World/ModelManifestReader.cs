using System.Text.Json;

namespace ClawMesh.Edge.Core.World;

/// <summary>
/// Reads a <see cref="ModelManifest"/> by hand: generated converters for its lists of numbers cost a quarter of a megabyte of binary.
/// Members it does not know are passed over; one that is missing or of another kind ends the reading with its name.
/// </summary>
public static class ModelManifestReader
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 16 };

    /// <exception cref="JsonException">It is not JSON, or not a manifest; the message names the member.</exception>
    public static ModelManifest Read(ReadOnlyMemory<byte> utf8)
    {
        using JsonDocument document = JsonDocument.Parse(utf8, Lenient);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("The manifest holds no object");
        return new ModelManifest
        {
            Schema = Whole(root, "schema"),
            Name = Text(root, "name"),
            Version = Text(root, "version"),
            File = Text(root, "file"),
            Sha256 = Text(root, "sha256"),
            Inputs = List(root, "inputs", static e => new ModelInput(Text(e, "name"), Shape(e), List(e, "fields", Field))),
            Outputs = List(root, "outputs", static e => new ModelOutput(Text(e, "name"), Shape(e), Text(e, "unit"), List(e, "horizons", Horizon))),
            WindowMinutes = Whole(root, "windowMinutes"),
            StepMinutes = Whole(root, "stepMinutes"),
            Steps = Whole(root, "steps"),
            Training = Training(Member(root, "training", JsonValueKind.Object)),
            Golden = Golden(Member(root, "golden", JsonValueKind.Object)),
        };
    }

    private static ModelField Field(JsonElement e) => new(Text(e, "name"), Text(e, "unit"), Number(e, "mean"), Number(e, "deviation"));

    private static ModelHorizon Horizon(JsonElement e) =>
        new(Whole(e, "minutes"), Text(e, "use"), List(e, "quantiles", static q => new ModelQuantile(Number(q, "probability"), Number(q, "offset"))));

    private static ModelTraining Training(JsonElement e) => new(Text(e, "statement"), List(e, "data", static d => d.ValueKind == JsonValueKind.String ? d.GetString()! : throw Wrong("data", "a list of texts")));

    private static ModelGolden Golden(JsonElement e) => new(List(e, "inputs", Floats), List(e, "outputs", Floats), (float)Number(e, "tolerance"));

    private static List<int?> Shape(JsonElement e)
    {
        var shape = new List<int?>();
        foreach (JsonElement axis in Member(e, "shape", JsonValueKind.Array).EnumerateArray())
        {
            if (axis.ValueKind == JsonValueKind.Null) shape.Add(null);
            else shape.Add(axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out int length) ? length : throw Wrong("shape", "a list of whole numbers and null"));
        }

        return shape;
    }

    private static float[] Floats(JsonElement e)
    {
        if (e.ValueKind != JsonValueKind.Array) throw Wrong("golden", "lists of numbers");
        var values = new float[e.GetArrayLength()];
        int i = 0;
        foreach (JsonElement value in e.EnumerateArray())
            values[i++] = value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) ? number : throw Wrong("golden", "lists of numbers");
        return values;
    }

    private static List<T> List<T>(JsonElement e, string name, Func<JsonElement, T> read)
        where T : class
    {
        JsonElement list = Member(e, name, JsonValueKind.Array);
        var values = new List<T>(list.GetArrayLength());
        foreach (JsonElement value in list.EnumerateArray()) values.Add(read(value));
        return values;
    }

    private static string Text(JsonElement e, string name) => Member(e, name, JsonValueKind.String).GetString()!;

    private static double Number(JsonElement e, string name) => Member(e, name, JsonValueKind.Number).GetDouble();

    private static int Whole(JsonElement e, string name) => Member(e, name, JsonValueKind.Number).TryGetInt32(out int whole) ? whole : throw Wrong(name, "a whole number");

    private static JsonElement Member(JsonElement e, string name, JsonValueKind kind)
    {
        if (e.ValueKind != JsonValueKind.Object) throw new JsonException($"Something that should hold '{name}' is no object");
        if (!e.TryGetProperty(name, out JsonElement member)) throw new JsonException($"'{name}' is missing");
        return member.ValueKind == kind ? member : throw Wrong(name, kind switch
        {
            JsonValueKind.String => "a text",
            JsonValueKind.Number => "a number",
            JsonValueKind.Array => "a list",
            _ => "an object",
        });
    }

    private static JsonException Wrong(string name, string wanted) => new($"'{name}' must be {wanted}");
}
