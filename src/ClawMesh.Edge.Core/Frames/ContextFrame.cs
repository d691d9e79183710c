using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClawMesh.Edge.Core.Frames;

/// <summary>One immutable statement about the world in the wire's shape ([W-69]).</summary>
public sealed record ContextFrame
{
    public int Gen { get; init; } = 1;

    /// <summary><c>observation</c>, <c>event</c>, <c>human_input</c>, <c>inference</c>, <c>capability_update</c>, <c>agent_response</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>UUIDv4; the global key of duplicates.</summary>
    public required string FrameId { get; init; }

    public required string SourceDeviceId { get; init; }

    public string? SourceDisplayName { get; init; }

    /// <summary>Milliseconds since the Unix epoch, the origin's wall clock.</summary>
    public required long Timestamp { get; init; }

    /// <summary>Always a JSON object.</summary>
    public required JsonElement Data { get; init; }

    public required FrameTrust Trust { get; init; }

    public string? Note { get; init; }

    public int Hops { get; init; }

    /// <summary>Members this version does not know; they survive storing and relaying ([W-2], [W-77]).</summary>
    /// <remarks>Settable because the serializer cannot fill extension data through a constructor; nobody else sets it.</remarks>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The trust block of a frame.</summary>
public sealed record FrameTrust(
    [property: JsonPropertyName("evidence_sources")] IReadOnlyList<string> EvidenceSources,
    [property: JsonPropertyName("evidence_trust_tier")] string EvidenceTrustTier);
