using System.Text.Json;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.Rpc;

/// <summary>Reads members of <c>params</c> with an error that names them.</summary>
public static class RpcParams
{
    public static string? Text(JsonElement parameters, string name) =>
        Member(parameters, name) is { } value
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, value, "text")
            : null;

    /// <summary>The text of a member; null when it is absent or anything but text, for messages whose sender is not told what is wrong.</summary>
    public static string? TextOrNull(JsonElement parameters, string name) =>
        Member(parameters, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static string Required(JsonElement parameters, string name) =>
        Text(parameters, name) is { Length: > 0 } text ? text : throw new EdgeException(GateCodes.InvalidParams, "The request was not understood.", $"'{name}' is missing.", $"Send '{name}' as text.", FailureClass.ProtocolHandshake);

    /// <summary>A whole number clamped into a range; the default when absent or no number ([W-86], [W-138]).</summary>
    public static long Number(JsonElement parameters, string name, long fallback, long min, long max) =>
        Member(parameters, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? (long)Math.Clamp(Math.Floor(number), min, max)
            : fallback;

    public static JsonElement? Member(JsonElement parameters, string name) =>
        parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static EdgeException Wrong(string name, JsonElement value, string expected)
    {
        string raw = value.GetRawText();
        return new EdgeException(
            GateCodes.InvalidParams, "The request was not understood.", $"'{name}' is {(raw.Length <= 80 ? raw : raw[..80] + "…")}; it must be {expected}.",
            $"Send '{name}' as {expected}.", FailureClass.ProtocolHandshake);
    }
}
