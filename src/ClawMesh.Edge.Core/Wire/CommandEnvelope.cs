using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>The member <c>edge</c> of a command: what Edge nodes add and classic ones pass by.</summary>
/// <param name="Fence">The number its sender holds of <c>edge.fence</c> ([X-48]).</param>
/// <param name="ExpiresAtMs">From then on it must not act any more ([X-46]).</param>
/// <param name="Signature">As it stands there ([X-50]); empty when it is no text.</param>
public readonly record struct CommandExtras(long? Fence, long? ExpiresAtMs, string? Signature);

/// <summary>A command in the envelope of [W-93], after the structural check of [W-94].</summary>
public sealed record CommandEnvelope
{
    public const string KindWord = "clawmesh.command";

    /// <summary>Longest id, ref, operation and sender, in characters: each stands in records, events and frames.</summary>
    public const int MaxName = 128;

    public const int MaxNote = 1_024;

    public required string CommandId { get; init; }

    public required long CreatedAtMs { get; init; }

    public string? SourceNodeId { get; init; }

    public string? SourceRole { get; init; }

    public required string TargetKind { get; init; }

    public required string TargetRef { get; init; }

    public required string OperationName { get; init; }

    /// <summary>The operation's <c>params</c> object, or null.</summary>
    public JsonElement? OperationParams { get; init; }

    public required TrustBlock Trust { get; init; }

    public string? Note { get; init; }

    /// <summary>The default when the command has no member <c>edge</c>.</summary>
    public CommandExtras Edge { get; init; }

    /// <summary>The command as received, for its digest.</summary>
    public required JsonElement Raw { get; init; }

    /// <summary>Checks the structure of [W-94]. Returns the envelope, or says in <paramref name="problem"/> what is wrong with it.</summary>
    public static CommandEnvelope? Parse(JsonElement element, out string problem)
    {
        problem = Problem(element, out JsonElement target, out JsonElement operation, out TrustBlock? trust);
        if (problem.Length > 0) return null;

        element.TryGetProperty("source", out JsonElement source);
        return new CommandEnvelope
        {
            CommandId = element.GetProperty("commandId").GetString()!,
            CreatedAtMs = (long)element.GetProperty("createdAtMs").GetDouble(),
            SourceNodeId = Text(source, "nodeId"),
            SourceRole = Text(source, "role"),
            TargetKind = target.GetProperty("kind").GetString()!,
            TargetRef = target.GetProperty("ref").GetString()!,
            OperationName = operation.GetProperty("name").GetString()!,
            OperationParams = operation.TryGetProperty("params", out JsonElement parameters) && parameters.ValueKind == JsonValueKind.Object ? parameters : null,
            Trust = trust!,
            Note = Text(element, "note"),
            Edge = ExtrasOf(element),
            Raw = element,
        };
    }

    /// <summary>Builds an envelope of this node. The JSON is the truth; the members are read back from it.</summary>
    public static CommandEnvelope Create(
        string commandId, long createdAtMs, string sourceNodeId, string sourceRole, string targetRef,
        string operation, JsonElement? parameters, TrustBlock trust, string? note)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", 1);
            writer.WriteString("kind", KindWord);
            writer.WriteString("commandId", commandId);
            writer.WriteNumber("createdAtMs", createdAtMs);
            writer.WriteStartObject("source");
            writer.WriteString("nodeId", sourceNodeId);
            writer.WriteString("role", sourceRole);
            writer.WriteEndObject();
            writer.WriteStartObject("target");
            writer.WriteString("kind", "capability");
            writer.WriteString("ref", targetRef);
            writer.WriteEndObject();
            writer.WriteStartObject("operation");
            writer.WriteString("name", operation);
            if (parameters is { } p)
            {
                writer.WritePropertyName("params");
                p.WriteTo(writer);
            }

            writer.WriteEndObject();
            writer.WritePropertyName("trust");
            trust.Write(writer);
            if (note is not null) writer.WriteString("note", note);
            writer.WriteEndObject();
        }

        using JsonDocument document = JsonDocument.Parse(buffer.ToArray());
        return Parse(document.RootElement.Clone(), out string problem)
            ?? throw new ArgumentException($"The command cannot be written as an envelope: {problem}.", nameof(commandId));
    }

    private static string Problem(JsonElement e, out JsonElement target, out JsonElement operation, out TrustBlock? trust)
    {
        target = default;
        operation = default;
        trust = null;
        if (e.ValueKind != JsonValueKind.Object) return "command is not an object";
        if (!(e.TryGetProperty("version", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.TryGetDouble(out double v) && v == 1)) return "version is not 1";
        if (Text(e, "kind") != KindWord) return $"kind is not {KindWord}";
        if (Text(e, "commandId") is not { Length: > 0 and <= MaxName }) return $"commandId is not a string of 1 to {MaxName} characters";
        if (!(e.TryGetProperty("createdAtMs", out JsonElement created) && created.ValueKind == JsonValueKind.Number && IsInteger(created))) return "createdAtMs is not a whole number of milliseconds";
        if (!(e.TryGetProperty("target", out target) && Text(target, "ref") is { Length: <= MaxName } && Text(target, "kind") is { Length: <= MaxName }))
            return $"target.ref and target.kind are not strings of at most {MaxName} characters";
        if (!(e.TryGetProperty("operation", out operation) && Text(operation, "name") is { Length: <= MaxName })) return $"operation.name is not a string of at most {MaxName} characters";
        if (e.TryGetProperty("source", out JsonElement source) && (Text(source, "nodeId")?.Length > MaxName || Text(source, "role")?.Length > MaxName)) return $"source has a member of more than {MaxName} characters";
        if (EdgeProblem(e) is { } wrong) return wrong;
        if (Text(e, "note")?.Length > MaxNote) return $"note has more than {MaxNote} characters";
        if (!(e.TryGetProperty("trust", out JsonElement trustElement) && trustElement.ValueKind == JsonValueKind.Object)) return "trust is not an object";
        trust = TrustBlock.From(trustElement)!;
        if (TrustWords.Action(trust.ActionType) is null) return $"trust.action_type '{Shown(trust.ActionType)}' is not known";
        if (TrustWords.Tier(trust.EvidenceTier) is null) return $"trust.evidence_trust_tier '{Shown(trust.EvidenceTier)}' is not known";
        if (TrustWords.Tier(trust.MinimumTier) is null) return $"trust.minimum_trust_tier '{Shown(trust.MinimumTier)}' is not known";
        if (TrustWords.Verification(trust.VerificationRequired) is null) return $"trust.verification_required '{Shown(trust.VerificationRequired)}' is not known";
        return "";
    }

    private static string? EdgeProblem(JsonElement e)
    {
        if (Member(e, "edge") is not { } edge) return null;
        if (edge.ValueKind != JsonValueKind.Object) return "edge is not an object";
        return Member(edge, "fence") is { } fence && !(fence.ValueKind == JsonValueKind.Number && IsInteger(fence)) ? "edge.fence is not a whole number"
            : Member(edge, "expiresAtMs") is { } expires && !(expires.ValueKind == JsonValueKind.Number && IsInteger(expires)) ? "edge.expiresAtMs is not a whole number of milliseconds"
            : null;
    }

    private static CommandExtras ExtrasOf(JsonElement e)
    {
        if (Member(e, "edge") is not { } edge) return default;
        return new CommandExtras(
            (long?)Member(edge, "fence")?.GetDouble(), (long?)Member(edge, "expiresAtMs")?.GetDouble(),
            Member(edge, "sig") is { } sig ? sig.ValueKind == JsonValueKind.String ? sig.GetString() : "" : null);
    }

    private static JsonElement? Member(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Shown(string? word) => PlainText.Of(word ?? "", 48);

    // Whole and within ±(2^53 − 1) ([W-3]).
    private static bool IsInteger(JsonElement number) =>
        number.TryGetDouble(out double value) && Math.Floor(value) == value && Math.Abs(value) <= 9007199254740991;
}
