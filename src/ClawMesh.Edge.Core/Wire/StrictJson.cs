using System.Text.Json;
using System.Text.Unicode;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>
/// The check of [W-10] that comes before anything is parsed into an object: valid UTF-8, one JSON object, depth at most 32, no name
/// twice, and no text that has no meaning (an unpaired surrogate, which every later reader would stumble over).
/// </summary>
public static class StrictJson
{
    public const int MaxDepth = 32;

    /// <summary>Parses a message that passes; null otherwise. The document owns a copy of the bytes' content.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            if (!Utf8.IsValid(utf8.Span) || !NamesAndTextsAreSound(utf8.Span)) return null;
            JsonDocument document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            return null;
        }
        catch (Exception unsound) when (unsound is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <exception cref="InvalidOperationException">A text holds an unpaired surrogate.</exception>
    private static bool NamesAndTextsAreSound(ReadOnlySpan<byte> utf8)
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
                    return false;
                case JsonTokenType.String when reader.ValueIsEscaped:
                    _ = reader.GetString();
                    break;
            }
        }

        return true;
    }
}
