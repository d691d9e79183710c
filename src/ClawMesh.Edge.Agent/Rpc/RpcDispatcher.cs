using System.Buffers;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Agent.Rpc;

/// <summary>How far the other end has proved who it is ([X-69]). Never read from a message.</summary>
internal enum RpcTier
{
    /// <summary>Somebody from elsewhere, without any proof.</summary>
    Stranger,

    /// <summary>A program on this machine's loopback, without any proof.</summary>
    Loopback,

    /// <summary>An operator of this node, by peer credentials of the local socket.</summary>
    Operator,
}

/// <param name="Name">For example <c>operator:anna</c>.</param>
internal readonly record struct RpcCaller(RpcTier Tier, string Name);

/// <summary>Handles one method: reads <c>params</c>, returns a writer of exactly one JSON value, the payload.</summary>
internal delegate Task<Action<Utf8JsonWriter>> RpcMethod(JsonElement parameters, RpcCaller caller, CancellationToken cancellationToken);

/// <summary>
/// The methods of this node by exact, case-sensitive name ([W-64]), with the tier each needs. One dispatcher serves the local
/// socket and the mesh port; only what the caller has proved differs.
/// </summary>
internal sealed class RpcDispatcher
{
    private readonly Dictionary<string, (RpcMethod Method, Func<RpcTier, bool> Allows)> _methods = new(StringComparer.Ordinal);
    private long _requests;
    private long _errors;
    private long _rejected;

    public long Requests => Interlocked.Read(ref _requests);

    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>Messages dropped because they were no well-formed request ([W-11]).</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    public void Add(string name, Func<RpcTier, bool> allows, RpcMethod method) => _methods.Add(name, (method, allows));

    /// <summary>Answers one message. Null: it was no well-formed request, was counted, and gets no answer.</summary>
    public async Task<byte[]?> HandleAsync(ReadOnlyMemory<byte> message, RpcCaller caller, CancellationToken cancellationToken)
    {
        using JsonDocument? document = StrictJson.Parse(message);
        if (document is null || Request(document.RootElement) is not var (id, method, parameters))
        {
            Interlocked.Increment(ref _rejected);
            return null;
        }

        Interlocked.Increment(ref _requests);
        try
        {
            if (!_methods.TryGetValue(method, out (RpcMethod Method, Func<RpcTier, bool> Allows) entry))
            {
                return caller.Tier < RpcTier.Operator
                    ? Error(id, GateCodes.NotAuthorized, "this needs an authenticated session", null)
                    : Error(id, GateCodes.UnknownMethod, $"unknown method: {method}", null);
            }

            if (!entry.Allows(caller.Tier)) return Error(id, GateCodes.NotAuthorized, $"{method} needs an authenticated session", null);
            Action<Utf8JsonWriter> payload = await entry.Method(parameters, caller, cancellationToken);
            return Answer(id, payload);
        }
        catch (EdgeException fault)
        {
            return Error(id, fault.Code, fault.Message, fault);
        }
    }

    private static (string Id, string Method, JsonElement Params)? Request(JsonElement root)
    {
        if (Text(root, "type") != "req" || Text(root, "id") is not { Length: > 0 and <= 128 } id || Text(root, "method") is not { } method) return null;
        return (id, method, root.TryGetProperty("params", out JsonElement parameters) && parameters.ValueKind == JsonValueKind.Object ? parameters : default);
    }

    private static string? Text(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Answer(string id, Action<Utf8JsonWriter> payload) => Write(writer =>
    {
        writer.WriteString("type", "res");
        writer.WriteString("id", id);
        writer.WriteBoolean("ok", true);
        writer.WritePropertyName("payload");
        payload(writer);
    });

    private byte[] Error(string id, string code, string message, EdgeException? fault)
    {
        Interlocked.Increment(ref _errors);
        return Write(writer =>
        {
            writer.WriteString("type", "res");
            writer.WriteString("id", id);
            writer.WriteBoolean("ok", false);
            writer.WriteStartObject("error");
            writer.WriteString("code", code);
            writer.WriteString("message", message.StartsWith(code, StringComparison.Ordinal) ? message : $"{code}: {message}");
            if (fault is not null)
            {
                writer.WriteString("what", fault.What);
                writer.WriteString("why", fault.Why);
                writer.WriteString("fix", fault.Fix);
                writer.WriteString("failureClass", fault.FailureClass.Word());
            }

            writer.WriteEndObject();
        });
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>Reads members of <c>params</c> with an error that names them.</summary>
internal static class RpcParams
{
    public static string? Text(JsonElement parameters, string name) =>
        Member(parameters, name) is { } value
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, value, "text")
            : null;

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
