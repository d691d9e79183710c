using System.Text.Json;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>The check of [W-10] that comes before anything is parsed into an object: one JSON object, depth at most 32, no name twice.</summary>
public static class StrictJson
{
    public const int MaxDepth = 32;

    /// <summary>Parses a message that passes; null otherwise. The document owns a copy of the bytes' content.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            if (HasDuplicateNames(utf8.Span)) return null;
            JsonDocument document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool HasDuplicateNames(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        var names = new Stack<HashSet<string>>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    names.Push(new HashSet<string>(StringComparer.Ordinal));
                    break;
                case JsonTokenType.EndObject:
                    names.Pop();
                    break;
                case JsonTokenType.PropertyName when !names.Peek().Add(reader.GetString()!):
                    return true;
            }
        }

        return false;
    }
}
