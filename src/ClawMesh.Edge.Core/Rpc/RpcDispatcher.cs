using System.Buffers;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Core.Rpc;

/// <summary>Handles one method: reads <c>params</c>, returns a writer of exactly one JSON value, the payload.</summary>
public delegate Task<Action<Utf8JsonWriter>> RpcMethod(JsonElement parameters, RpcCaller caller, CancellationToken cancellationToken);

/// <summary>A "no" of a handler that travels as code and message, with members beside them.</summary>
/// <param name="detail">Writes further members of the error object, for example <c>result</c> ([X-40]).</param>
public sealed class RpcRefusalException(string code, string message, Action<Utf8JsonWriter>? detail = null) : Exception(message)
{
    public string Code => code;

    public Action<Utf8JsonWriter>? Detail => detail;
}

/// <summary>
/// The methods of this node by exact, case-sensitive name ([W-64]), with the tier each needs. One dispatcher serves the local
/// socket and the mesh port; only what the caller has proved differs.
/// </summary>
public sealed class RpcDispatcher
{
    // Of a name that nobody knows so much is said back; no method of any node is as long.
    private const int MaxNamed = 128;

    private readonly Dictionary<string, (RpcMethod Method, Func<RpcCaller, bool> Allows, Func<bool>? Exists)> _methods = new(StringComparer.Ordinal);
    private long _requests;
    private long _errors;
    private long _rejected;

    public long Requests => Interlocked.Read(ref _requests);

    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>Messages dropped because they were no well-formed request ([W-11]).</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <param name="exists">Asked at each call: while false, the method is unknown. Null for one that is always there.</param>
    public void Add(string name, Func<RpcCaller, bool> allows, RpcMethod method, Func<bool>? exists = null) => _methods.Add(name, (method, allows, exists));

    /// <summary>Answers one message. Null: it was no well-formed request, was counted, and gets no answer.</summary>
    public async Task<byte[]?> HandleAsync(ReadOnlyMemory<byte> message, RpcCaller caller, CancellationToken cancellationToken)
    {
        using JsonDocument? document = StrictJson.Parse(message);
        if (document is null || Request(document.RootElement) is not var (id, method, parameters))
        {
            Interlocked.Increment(ref _rejected);
            return null;
        }

        return await AnswerAsync(id, method, parameters, caller, cancellationToken);
    }

    /// <summary>Answers a request that passed the structural check, exactly once ([W-65]).</summary>
    public async Task<byte[]> AnswerAsync(string id, string method, JsonElement parameters, RpcCaller caller, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            if (!_methods.TryGetValue(method, out (RpcMethod Method, Func<RpcCaller, bool> Allows, Func<bool>? Exists) entry) || entry.Exists?.Invoke() == false)
            {
                // A stranger learns nothing about what this node knows ([X-69]).
                return caller.Tier < RpcTier.Peer
                    ? Refuse(id, GateCodes.NotAuthorized, "this needs an authenticated session")
                    : Refuse(id, GateCodes.UnknownMethod, $"unknown method: {(method.Length <= MaxNamed ? method : method[..MaxNamed])}");
            }

            if (!entry.Allows(caller)) return Refuse(id, GateCodes.NotAuthorized, NotAllowed(method, caller));
            Action<Utf8JsonWriter> payload = await entry.Method(parameters, caller, cancellationToken);
            return Answer(id, payload);
        }
        catch (RpcRefusalException refusal)
        {
            return Error(id, refusal.Code, refusal.Message, null, refusal.Detail);
        }
        catch (EdgeException fault)
        {
            // Only an operator of this node reads what a fault says about files and addresses ([W-65]).
            if (caller.Tier == RpcTier.Operator) fault.Trace = Told?.Invoke(method, caller, fault) ?? fault.Trace;
            return caller.Tier == RpcTier.Operator
                ? Error(id, fault.Code, fault.Message, fault)
                : Error(id, fault.Code, fault.FailureClass == FailureClass.ProtocolHandshake ? fault.Message : fault.What, null);
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            Faulted?.Invoke(method, bug);
            return Error(id, GateCodes.InternalError, "the request failed inside this node; its events say why", null);
        }
    }

    /// <summary>Called when an operator's request ended in a fault: notes it, and returns the trace that leads from the answer to the note; null where it left none.</summary>
    public Func<string, RpcCaller, EdgeException, string?>? Told { get; set; }

    /// <summary>Called with the method and the exception when a handler failed by a bug.</summary>
    public Action<string, Exception>? Faulted { get; set; }

    /// <summary>An error answer for a caller who has no handler to give it.</summary>
    public byte[] Refuse(string id, string code, string message) => Error(id, code, message, null);

    private static string NotAllowed(string method, RpcCaller caller) => caller.Tier switch
    {
        RpcTier.Peer => $"{method} needs a grant that '{caller.Name}' does not hold",
        RpcTier.Operator => $"{method} is not for operators, or not from elsewhere",
        _ => $"{method} needs an authenticated session",
    };

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

    private byte[] Error(string id, string code, string message, EdgeException? fault, Action<Utf8JsonWriter>? detail = null)
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
                if (fault.Trace is { } trace) writer.WriteString("trace", trace);
            }

            detail?.Invoke(writer);

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
