using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Origin;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>Why a frame is dropped.</summary>
public enum FrameFault
{
    None,

    /// <summary>It breaks the table of [W-69] or a limit of [W-71].</summary>
    Invalid,

    /// <summary><c>data</c> is longer than 524,288 bytes ([W-9]).</summary>
    DataTooLarge,

    /// <summary>Another protocol generation ([W-32]).</summary>
    Generation,
}

/// <summary>
/// The table of [W-69] with the limits of [W-71], over a scanned frame. Asked for every frame that comes, before anything else is
/// done with it, and for every frame this node sends ([W-70]). Not thread-safe: one per receive loop, with its small text cache.
/// </summary>
internal sealed class FrameCheck
{
    public const int MaxDataBytes = 524_288;

    private const int MaxSources = 8;
    private const int CachedTexts = 512;

    // Device ids, zones and metrics come again with every frame. Past the bound the cache starts anew.
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public FrameCheck() => _lookup = _texts.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The frame, with a copy of its text; null and a fault when it may not be used.</summary>
    public MeshFrame? Check(ReadOnlySpan<byte> message, WireScan scan, out FrameFault fault)
    {
        fault = FrameFault.Invalid;
        Slice body = scan.Body, data = scan[Member.Data], hopsAt = scan[Member.Hops];
        if (body.Type != JsonTokenType.StartObject || data.Type != JsonTokenType.StartObject || scan[Member.Trust].Type != JsonTokenType.StartObject) return null;
        if (Bounded(message, scan[Member.FrameId], 1, 128) is not { } frameId) return null;
        if (Cached(message, scan[Member.Kind], 64) is not { Length: > 0 } kind) return null;
        if (Cached(message, scan[Member.SourceDeviceId], NodeId.Length) is not { } source || !NodeId.IsWellFormed(source)) return null;
        if (!TryWhole(message, scan[Member.Timestamp], out long timestamp)) return null;
        long hops = 0;
        if (hopsAt.Present && (!TryWhole(message, hopsAt, out hops) || hops < 0)) return null;
        if (!Fits(message, scan[Member.Note], 4096) || !Fits(message, scan[Member.SourceDisplayName], 128)) return null;
        if (Tier(message, scan[Member.EvidenceTier]) is not { } tier || !SourcesKnown(message, scan[Member.EvidenceSources], out EvidenceTier ceiling)) return null;

        fault = FrameFault.Generation;
        if (scan[Member.Gen].Type != JsonTokenType.None && !(TryNumber(message, scan[Member.Gen], out double gen) && gen == 1)) return null;
        fault = FrameFault.DataTooLarge;
        if (data.Length > MaxDataBytes) return null;

        fault = FrameFault.None;
        FrameStamp? stamp = Stamp(message, scan, source, out bool broken);
        return new MeshFrame(body.Of(message).ToArray())
        {
            FrameId = frameId,
            Kind = kind,
            SourceDeviceId = source,
            Timestamp = timestamp,
            Tier = tier,
            // Model output stays model output, whatever tier the frame states ([W-72], [X-18]).
            EffectiveTier = kind is FrameKinds.Inference or FrameKinds.AgentResponse ? EvidenceTier.PlanningInference : tier < ceiling ? tier : ceiling,
            Zone = Cached(message, scan[Member.Zone], 256),
            Metric = Cached(message, scan[Member.Metric], 256),
            // Beyond the radius the exact number means nothing any more.
            Hops = (int)Math.Min(hops, 1000),
            HopsStart = hopsAt.Type is JsonTokenType.None ? 0 : hopsAt.Start - body.Start,
            HopsLength = hopsAt.Length,
            Stamp = stamp,
            StampIsBroken = broken,
        };
    }

    // The members of: all four, or none of consequence. Without a signature the others say nothing.
    private FrameStamp? Stamp(ReadOnlySpan<byte> message, WireScan scan, string source, out bool broken)
    {
        Slice epochAt = scan[Member.Epoch], seqAt = scan[Member.Seq], hlcAt = scan[Member.Hlc], sigAt = scan[Member.Sig];
        broken = false;
        if (epochAt.Type == JsonTokenType.None && seqAt.Type == JsonTokenType.None && hlcAt.Type == JsonTokenType.None && sigAt.Type == JsonTokenType.None) return null;
        broken = true;
        string? epoch = Cached(message, epochAt, 16), hlc = Bounded(message, hlcAt, HybridClock.TextLength, HybridClock.TextLength);
        if (epochAt.Type != JsonTokenType.None && !(epoch is { Length: 16 } && HybridClock.IsHex(epoch))) return null;
        if (hlcAt.Type != JsonTokenType.None && !(hlc is not null && HybridClock.IsWellFormed(hlc, source))) return null;
        long seq = 0;
        if (seqAt.Type != JsonTokenType.None && !(TryWhole(message, seqAt, out seq) && seq >= 1)) return null;
        byte[]? signature = null;
        if (sigAt.Type != JsonTokenType.None && (Bounded(message, sigAt, 86, 86) is not { } sig || (signature = WireKeys.TryDecode(sig, WireKeys.SignatureBytes)) is null)) return null;
        broken = signature is not null && (epoch is null || hlc is null || seq == 0);
        return signature is null || broken ? null : new FrameStamp(epoch!, seq, hlc!, signature);
    }

    // A string of so many characters; null otherwise.
    private static string? Bounded(ReadOnlySpan<byte> message, Slice value, int min, int max)
    {
        if (value.Type != JsonTokenType.String || value.Length > (max * 6) + 2) return null;
        string text = WireScan.Text(message, value);
        return text.Length >= min && text.Length <= max ? text : null;
    }

    private static bool Fits(ReadOnlySpan<byte> message, Slice value, int max) =>
        !value.Present || (value.Type == JsonTokenType.String && (value.Length <= max + 2 || Bounded(message, value, 0, max) is not null));

    private string? Cached(ReadOnlySpan<byte> message, Slice value, int max)
    {
        if (value.Type != JsonTokenType.String || value.Length > max + 2) return value.Type == JsonTokenType.String && value.Length > max + 2 ? Bounded(message, value, 0, max) : null;
        ReadOnlySpan<byte> raw = message.Slice(value.Start + 1, value.Length - 2);
        if (raw.Contains((byte)'\\') || !System.Text.Ascii.IsValid(raw)) return WireScan.Text(message, value);
        Span<char> characters = stackalloc char[256];
        System.Text.Ascii.ToUtf16(raw, characters, out int length);
        if (_lookup.TryGetValue(characters[..length], out string? known)) return known;
        if (_texts.Count == CachedTexts) _texts.Clear();
        string text = new(characters[..length]);
        _texts.Add(text);
        return text;
    }

    private static EvidenceTier? Tier(ReadOnlySpan<byte> message, Slice value)
    {
        if (WireScan.Is(message, value, "T2_operational_observation"u8)) return EvidenceTier.OperationalObservation;
        if (WireScan.Is(message, value, "T1_unverified_observation"u8)) return EvidenceTier.UnverifiedObservation;
        if (WireScan.Is(message, value, "T3_verified_action_evidence"u8)) return EvidenceTier.VerifiedActionEvidence;
        return WireScan.Is(message, value, "T0_planning_inference"u8) ? EvidenceTier.PlanningInference : null;
    }

    // The ceiling: a model's word alone is T0, "mixed" read as one; no source at all is no better than unverified.
    private static bool SourcesKnown(ReadOnlySpan<byte> message, Slice value, out EvidenceTier ceiling)
    {
        ceiling = EvidenceTier.UnverifiedObservation;
        if (value.Type != JsonTokenType.StartArray) return false;
        var reader = new Utf8JsonReader(value.Of(message));
        reader.Read();
        bool other = false;
        for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i == MaxSources || reader.TokenType != JsonTokenType.String) return false;
            bool model = reader.ValueTextEquals("llm"u8) || reader.ValueTextEquals("mixed"u8);
            if (!model && !(reader.ValueTextEquals("sensor"u8) || reader.ValueTextEquals("human"u8) || reader.ValueTextEquals("device"u8))) return false;
            other |= !model;
            ceiling = other ? EvidenceTier.VerifiedActionEvidence : EvidenceTier.PlanningInference;
        }

        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> message, Slice value, out double number)
    {
        number = 0;
        return value.Type == JsonTokenType.Number
            && System.Buffers.Text.Utf8Parser.TryParse(value.Of(message), out number, out int used) && used == value.Length;
    }

    // Whole and within ±(2^53 − 1) ([W-3]); 1e3 and 5.0 are whole.
    private static bool TryWhole(ReadOnlySpan<byte> message, Slice value, out long number)
    {
        number = 0;
        if (value.Type != JsonTokenType.Number) return false;
        if (System.Buffers.Text.Utf8Parser.TryParse(value.Of(message), out number, out int used) && used == value.Length) return number is >= -9007199254740991 and <= 9007199254740991;
        if (!TryNumber(message, value, out double real) || Math.Floor(real) != real || Math.Abs(real) > 9007199254740991) return false;
        number = (long)real;
        return true;
    }
}
