using System.Text.Json;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>What the stream of one completion has said so far besides its text: how it ended, and what it used.</summary>
internal sealed class ChatProgress
{
    private static readonly string[] Theirs = ["prompt_tokens", "completion_tokens", "total_tokens"];
    private static readonly string[] Ours = ["inputTokens", "outputTokens", "totalTokens"];

    private readonly long?[] _usage = new long?[Ours.Length];
    private long? _cached;

    /// <summary><c>stop</c> or <c>length</c>; null while it goes on.</summary>
    public string? Finish { get; private set; }

    /// <summary>Takes one event of the stream; returns the text in it, empty when there is none.</summary>
    /// <exception cref="ModelServerException">It is no such event, or the server says that something went wrong.</exception>
    public string Take(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new ModelServerException("its stream holds something that is no completion");
            if (root.TryGetProperty("error", out JsonElement error) && error.ValueKind != JsonValueKind.Null) throw new ModelServerException("it reports an error in its stream");
            if (root.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object) TakeUsage(usage);
            // The last event may hold the usage alone.
            if (!root.TryGetProperty("choices", out JsonElement choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0) return "";
            JsonElement choice = choices[0];
            if (choice.TryGetProperty("finish_reason", out JsonElement finish) && finish.ValueKind == JsonValueKind.String) Finish = finish.ValueEquals("length") ? "length" : "stop";
            return choice.TryGetProperty("delta", out JsonElement delta) && delta.ValueKind == JsonValueKind.Object
                && delta.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String ? content.GetString()! : "";
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // The parser's own words may quote what the model said.
            throw new ModelServerException("its stream holds something that is no JSON text");
        }
    }

    /// <summary>Writes the member <c>usage</c> when anything is known of it ([W-144]).</summary>
    public void WriteUsage(Utf8JsonWriter w)
    {
        if (_cached is null && Array.TrueForAll(_usage, u => u is null)) return;
        w.WriteStartObject("usage");
        for (int i = 0; i < Ours.Length; i++)
        {
            if (_usage[i] is { } tokens) w.WriteNumber(Ours[i], tokens);
        }

        if (_cached is { } cached) w.WriteNumber("cacheReadTokens", cached);
        w.WriteEndObject();
    }

    private void TakeUsage(JsonElement usage)
    {
        for (int i = 0; i < Theirs.Length; i++) _usage[i] = Count(usage, Theirs[i]) ?? _usage[i];
        if (usage.TryGetProperty("prompt_tokens_details", out JsonElement details) && details.ValueKind == JsonValueKind.Object) _cached = Count(details, "cached_tokens") ?? _cached;
    }

    private static long? Count(JsonElement of, string name) =>
        of.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long tokens) && tokens >= 0 ? tokens : null;
}
