using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>Writes the text of <c>node.json</c>: a new one, or one with a value changed and everything else kept.</summary>
internal static class NodeFile
{
    private static readonly JsonDocumentOptions Reading = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Every key that has a default, with it.</summary>
    public static string Defaults()
    {
        var root = new JsonObject();
        foreach (ConfigKey key in ConfigKeys.All)
        {
            if (key.Default.Length > 0) Put(root, key.Key, key.Default);
        }

        return Text(root);
    }

    /// <summary>The text with one value set. Unknown keys and their order stay; comments do not.</summary>
    /// <param name="fileText">Null when there is no file yet.</param>
    /// <exception cref="EdgeException"><c>config.invalid</c>: the text is no JSON object, so nothing can be kept of it.</exception>
    public static string With(string? fileText, string fileName, string key, string valueJson)
    {
        try
        {
            JsonObject root = fileText is null ? [] : JsonNode.Parse(fileText, nodeOptions: null, Reading) as JsonObject ?? throw Unusable(fileName, "It holds no JSON object.");
            if (!Replace(root, "", key, valueJson)) Put(root, key, valueJson);
            return Text(root);
        }
        catch (Exception bad) when (bad is JsonException or ArgumentException)
        {
            // ArgumentException: a key stands there twice, and which one counts is not for a tool to choose.
            throw Unusable(fileName, bad.Message);
        }
    }

    public static bool HasComments(string fileText)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(fileText), new JsonReaderOptions { CommentHandling = JsonCommentHandling.Allow, AllowTrailingCommas = true });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Comment) return true;
        }

        return false;
    }

    // A key may stand nested or dotted; both are read, so both are found.
    private static bool Replace(JsonObject at, string prefix, string key, string valueJson)
    {
        bool found = false;
        foreach ((string name, JsonNode? value) in at.ToArray())
        {
            string here = prefix + name;
            if (here == key)
            {
                at[name] = JsonNode.Parse(valueJson);
                found = true;
            }
            else if (value is JsonObject inner && key.StartsWith(here + ".", StringComparison.Ordinal))
            {
                found |= Replace(inner, here + ".", key, valueJson);
            }
        }

        return found;
    }

    private static void Put(JsonObject root, string key, string valueJson)
    {
        string[] names = key.Split('.');
        JsonObject at = root;
        foreach (string name in names[..^1])
        {
            // Something other than an object under this name has no meaning and would hide the value.
            if (at[name] is not JsonObject inner) at[name] = inner = [];
            at = inner;
        }

        at[names[^1]] = JsonNode.Parse(valueJson);
    }

    private static string Text(JsonObject root)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, JsonText.RelaxedIndented)) root.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static EdgeException Unusable(string fileName, string why) => new(
        ErrorCodes.ConfigInvalid, $"Could not change '{fileName}'.", why,
        "Mend the file, or start again with `clawmesh-edge config init --force`, which keeps it as node.json.bak.", FailureClass.Config);
}
