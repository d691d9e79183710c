using System.Text.Json;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>
/// The params of <c>mesh.message.forward</c> ([W-92]) as far as a gate looks at them. The structural check of the envelope
/// has been made; its result is kept so that the gate can answer it in its own turn (row 3a of [W-97]).
/// </summary>
public sealed record ForwardMessage
{
    // Channel, target and sender stand in events and answers; what is longer is as good as absent.
    private const int MaxText = 256;

    public string? Channel { get; init; }

    public string? To { get; init; }

    public string? OriginGatewayId { get; init; }

    /// <summary>Null when there is no envelope or it is broken.</summary>
    public CommandEnvelope? Envelope { get; init; }

    /// <summary>Empty, or what is wrong with an envelope that was present.</summary>
    public string EnvelopeProblem { get; init; } = "";

    /// <summary>The trust object at top level, or null.</summary>
    public TrustBlock? TopTrust { get; init; }

    /// <summary>The authoritative trust: the envelope's, otherwise the one at top level.</summary>
    public TrustBlock? Trust => Envelope?.Trust ?? TopTrust;

    /// <summary>The target a refusal is about.</summary>
    public string TargetRef => Envelope?.TargetRef ?? To ?? "";

    public static ForwardMessage Parse(JsonElement parameters)
    {
        string problem = "";
        CommandEnvelope? envelope = null;
        if (Member(parameters, "command") is { } command) envelope = CommandEnvelope.Parse(command, out problem);
        return new ForwardMessage
        {
            Channel = Text(parameters, "channel"),
            To = Text(parameters, "to"),
            OriginGatewayId = Text(parameters, "originGatewayId"),
            Envelope = envelope,
            EnvelopeProblem = problem,
            TopTrust = TrustBlock.From(Member(parameters, "trust")),
        };
    }

    /// <summary>The message this node sends for a command of its own ([W-95]).</summary>
    public static ForwardMessage For(CommandEnvelope envelope, string originGatewayId) => new()
    {
        Channel = "clawmesh",
        To = envelope.TargetRef,
        OriginGatewayId = originGatewayId,
        Envelope = envelope,
        TopTrust = envelope.Trust,
    };

    private static JsonElement? Member(JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement e, string name) =>
        Member(e, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 and <= MaxText } text ? text : null;
}
