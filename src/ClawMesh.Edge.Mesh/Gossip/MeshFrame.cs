using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Origin;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>
/// A context frame that passed the check of [W-71]: the members the node itself looks at, and the JSON as it came, which is what is
/// stored, shown and passed on. Immutable but for the tier this node believes.
/// </summary>
public sealed class MeshFrame
{
    internal MeshFrame(byte[] utf8) => Utf8 = utf8;

    /// <summary>The frame's JSON text, unknown members and number spelling included ([W-77]).</summary>
    public byte[] Utf8 { get; }

    public required string FrameId { get; init; }

    public required string Kind { get; init; }

    public required string SourceDeviceId { get; init; }

    /// <summary>Milliseconds since the Unix epoch, the origin's wall clock.</summary>
    public required long Timestamp { get; init; }

    /// <summary>As stated by the frame.</summary>
    public required EvidenceTier Tier { get; init; }

    public string? Zone { get; init; }

    public string? Metric { get; init; }

    public int Hops { get; init; }

    /// <summary>The members of a signing origin ([X-12]); null when it has none.</summary>
    public FrameStamp? Stamp { get; init; }

    /// <summary>What was found out about where it comes from; decided before anything else is done with it.</summary>
    public FrameStanding Standing { get; internal set; }

    /// <summary>It may be the current value of its key; not so a verified one of a life that is over ([X-22]).</summary>
    public bool IsHistory { get; internal set; }

    /// <summary>One of the four members is malformed, or the signature stands without the others ([X-18]).</summary>
    internal bool StampIsBroken { get; init; }

    /// <summary>The tier this node believes ([X-18]); never above the stated one, never on the wire.</summary>
    public EvidenceTier EffectiveTier { get; internal set; }

    // Where the digits of hops lie in Utf8; length 0 when the member is absent.
    internal int HopsStart { get; init; }

    internal int HopsLength { get; init; }

    /// <summary>The key of the world model ([W-81]).</summary>
    public string Key => Zone is not null && Metric is not null && Kind == FrameKinds.Observation
        ? $"{SourceDeviceId}:observation:{Zone}:{Metric}"
        : $"{SourceDeviceId}:{Kind}:{DataText()}";

    /// <summary>The key under which a waiting observation is replaced by a newer one ([X-74]); null for what is never replaced.</summary>
    public string? CoalescingKey => Kind == FrameKinds.Observation && Zone is not null && Metric is not null ? $"{SourceDeviceId}\n{Zone}\n{Metric}" : null;

    /// <summary>The event message with <c>hops</c> one higher, everything else byte for byte ([W-74], [W-77]).</summary>
    internal byte[] RelayMessage()
    {
        Span<byte> hops = stackalloc byte[16];
        System.Buffers.Text.Utf8Formatter.TryFormat(Hops + 1, hops, out int digits);
        ReadOnlySpan<byte> text = Utf8;
        return HopsLength > 0
            ? Messages.Frame(text[..HopsStart], hops[..digits], text[(HopsStart + HopsLength)..])
            : Messages.Frame(text[..^1], [.. ",\"hops\":"u8, .. hops[..digits]], text[^1..]);
    }

    // Top-level member names of data sorted, the rest as it came.
    private string DataText()
    {
        using JsonDocument document = JsonDocument.Parse(Utf8);
        JsonElement data = document.RootElement.GetProperty("data");
        var members = new List<JsonProperty>();
        foreach (JsonProperty member in data.EnumerateObject()) members.Add(member);
        members.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        var text = new StringBuilder("{");
        foreach (JsonProperty member in members)
        {
            if (text.Length > 1) text.Append(',');
            text.Append('"').Append(JsonEncodedText.Encode(member.Name)).Append("\":").Append(member.Value.GetRawText());
        }

        return text.Append('}').ToString();
    }
}
