using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>A request of <c>llm.infer</c> that was understood, with the body for the server ready. Immutable; never logged.</summary>
internal sealed record ChatRequest(string RequestId, string Model, byte[] Body)
{
    private const int MaxId = 128;
    private const int MaxMessages = 256;
    private const double MaxTemperature = 2;

    /// <exception cref="RpcRefusalException"><c>INVALID_PARAMS</c>, naming the member and nothing of its content.</exception>
    public static ChatRequest Read(JsonElement parameters, LlmOptions options)
    {
        string id = Text(parameters, "requestId", MaxId), model = Text(parameters, "model", MaxId * 2);
        using var body = new MemoryStream();
        using (var w = new Utf8JsonWriter(body))
        {
            w.WriteStartObject();
            w.WriteString("model", options.Model);
            WriteMessages(w, parameters);
            w.WriteNumber("max_tokens", MaxTokens(parameters, options.MaxTokens));
            if (Temperature(parameters) is { } temperature) w.WriteNumber("temperature", temperature);
            w.WriteBoolean("stream", true);
            w.WriteStartObject("stream_options");
            w.WriteBoolean("include_usage", true);
            w.WriteEndObject();
            w.WriteEndObject();
        }

        return new ChatRequest(id, model, body.ToArray());
    }

    /// <exception cref="RpcRefusalException"><c>INVALID_PARAMS</c>.</exception>
    public static string Id(JsonElement parameters) => Text(parameters, "requestId", MaxId);

    private static void WriteMessages(Utf8JsonWriter w, JsonElement parameters)
    {
        if (RpcParams.Member(parameters, "messages") is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() is 0 or > MaxMessages)
            throw Wrong($"messages must be a list of 1 to {MaxMessages}");
        w.WriteStartArray("messages");
        int place = 0;
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (TextOf(RpcParams.Member(message, "role")) is not { } role || role is not ("system" or "user" or "assistant"))
                throw Wrong($"messages[{place}].role must be system, user or assistant");
            string content = TextOf(RpcParams.Member(message, "content")) ?? throw Wrong($"messages[{place}].content must be text");
            w.WriteStartObject();
            w.WriteString("role", role);
            w.WriteString("content", content);
            w.WriteEndObject();
            place++;
        }

        w.WriteEndArray();
    }

    // More than this node gives is cut; the answer then ends with finishReason length.
    private static int MaxTokens(JsonElement parameters, int most)
    {
        if (RpcParams.Member(parameters, "maxTokens") is not { } asked) return most;
        return asked.ValueKind == JsonValueKind.Number && asked.TryGetInt64(out long tokens) && tokens >= 1 ? (int)Math.Min(tokens, most) : throw Wrong("maxTokens must be a whole number from 1 on");
    }

    private static double? Temperature(JsonElement parameters)
    {
        if (RpcParams.Member(parameters, "temperature") is not { } asked) return null;
        return asked.ValueKind == JsonValueKind.Number && asked.TryGetDouble(out double degree) && degree is >= 0 and <= MaxTemperature ? degree : throw Wrong($"temperature must be a number from 0 to {MaxTemperature:0}");
    }

    private static string Text(JsonElement parameters, string name, int max) =>
        TextOf(RpcParams.Member(parameters, name)) is { } text && text.Length > 0 && text.Length <= max ? text : throw Wrong($"{name} must be text of 1 to {max} characters");

    private static string? TextOf(JsonElement? value)
    {
        try
        {
            return value is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, escaped: valid JSON, and no text.
            return null;
        }
    }

    private static RpcRefusalException Wrong(string what) => new(GateCodes.InvalidParams, what);
}
