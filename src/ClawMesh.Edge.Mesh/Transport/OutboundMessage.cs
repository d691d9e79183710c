using System.Runtime.CompilerServices;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>The classes of outbound messages, highest first ([X-73]).</summary>
public enum MessageClass
{
    /// <summary>Actuation results, faults, interlock and alarm frames, <c>peer.leaving</c>.</summary>
    Safety,

    /// <summary>Handshake, responses, commands, probes, proposals, fences.</summary>
    Control,

    /// <summary>Observations, sync pages, everything else.</summary>
    Bulk,
}

/// <summary>One whole text message, ready for the socket. Its bytes must not change after it was queued.</summary>
/// <param name="Utf8">The serialised message; at most 1,048,576 bytes ([W-9]).</param>
/// <param name="Key">
/// What a newer observation replaces an older one by ([X-74]): source, zone and metric. Null: never replaced. On a safety or
/// control message it takes the place of the bulk message of that key that still waits, so that nothing older follows it ([W-79]).
/// </param>
public sealed record OutboundMessage(MessageClass Class, ReadOnlyMemory<byte> Utf8, string? Key = null)
{
    // Two messages that read alike are still two messages.
    public bool Equals(OutboundMessage? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
}
