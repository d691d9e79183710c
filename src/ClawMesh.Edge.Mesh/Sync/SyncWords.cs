using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Origin;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>What of one origin's epoch is asked for, or was not to be had.</summary>
public sealed record SyncWant(string Origin, string Epoch, IReadOnlyList<SequenceRange> Ranges);

/// <summary>The pieces <c>edge.sync</c> is written with ([X-26], [X-31]), and its limits ([X-29]).</summary>
internal static class SyncWords
{
    public const string Method = "edge.sync";
    public const string VoidEvent = "edge.void";

    public const int MaxGapsTold = 64;
    public const int MaxVectors = 64;
    public const int MaxWants = 32;
    public const int MaxRanges = 256;
    public const int MaxFrames = 200;
    public const int MaxBytes = 524_288;
    public const int MaxSteps = 288;
    public const int MaxIds = 512;
    public const long StepMs = 300_000;
    public const long HourMs = 3_600_000;

    private const int MaxVoidRanges = 64;

    /// <summary>The digest of a step over its sorted id hashes.</summary>
    public static string WindowDigest(List<string> idHashes)
    {
        idHashes.Sort(StringComparer.Ordinal);
        var parts = new ReadOnlyMemory<byte>[idHashes.Count];
        for (int i = 0; i < parts.Length; i++) parts[i] = DomainSeparation.Text(idHashes[i]);
        return Convert.ToHexStringLower(SHA256.HashData(DomainSeparation.Bytes(DomainSeparation.SyncWindow, parts)).AsSpan(0, 16));
    }

    public static void Write(Utf8JsonWriter w, SequenceRange range)
    {
        w.WriteStartArray();
        w.WriteNumberValue(range.First);
        w.WriteNumberValue(range.Last);
        w.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter w, string name, IReadOnlyList<SyncWant> wants)
    {
        w.WriteStartArray(name);
        foreach (SyncWant want in wants)
        {
            w.WriteStartObject();
            w.WriteString("origin", want.Origin);
            w.WriteString("epoch", want.Epoch);
            w.WriteStartArray("ranges");
            foreach (SequenceRange range in want.Ranges) Write(w, range);
            w.WriteEndArray();
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    /// <summary>A list of wants; null when it is malformed or longer than allowed.</summary>
    public static List<SyncWant>? Wants(JsonElement list, int maxWants = MaxWants, int maxRanges = MaxRanges)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > maxWants) return null;
        var wants = new List<SyncWant>();
        int ranges = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object || Origin(item) is not { } origin || Epoch(item) is not { } epoch || !item.TryGetProperty("ranges", out JsonElement listed)) return null;
            if (Ranges(listed, maxRanges - ranges) is not { } read) return null;
            ranges += read.Count;
            wants.Add(new SyncWant(origin, epoch, read));
        }

        return wants;
    }

    /// <summary>Vectors of an answer; what is malformed is left out.</summary>
    public static List<SequenceKnowledge> Vectors(JsonElement list)
    {
        var vectors = new List<SequenceKnowledge>();
        if (list.ValueKind != JsonValueKind.Array) return vectors;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (vectors.Count == MaxVectors) break;
            if (item.ValueKind != JsonValueKind.Object || Origin(item) is not { } origin || Epoch(item) is not { } epoch) continue;
            if (!item.TryGetProperty("n", out JsonElement n) || Number(n) is not { } highest || highest < 0) continue;
            if (!item.TryGetProperty("gaps", out JsonElement gaps) || Ranges(gaps, MaxGapsTold) is not { } read) continue;
            vectors.Add(new SequenceKnowledge(origin, epoch, highest, read, [], []));
        }

        return vectors;
    }

    /// <summary>The ranges an origin declares void in an event of its own ([X-24]); null when the event is something else.</summary>
    public static (string Epoch, List<SequenceRange> Ranges)? VoidOf(MeshFrame frame)
    {
        using JsonDocument document = JsonDocument.Parse(frame.Utf8);
        JsonElement data = document.RootElement.GetProperty("data");
        if (!data.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String || !type.ValueEquals(VoidEvent)) return null;
        return Epoch(data) is { } epoch && data.TryGetProperty("ranges", out JsonElement list) && Ranges(list, MaxVoidRanges) is { } ranges ? (epoch, ranges) : null;
    }

    public static long? Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number is >= 0 and <= 9007199254740991 ? number : null;

    public static bool IsHash(string? text, int length) => text is not null && text.Length == length && HybridClock.IsHex(text);

    private static string? Origin(JsonElement item) =>
        item.TryGetProperty("origin", out JsonElement origin) && origin.ValueKind == JsonValueKind.String && origin.GetString() is { } text && NodeId.IsWellFormed(text) ? text : null;

    private static string? Epoch(JsonElement item) =>
        item.TryGetProperty("epoch", out JsonElement epoch) && epoch.ValueKind == JsonValueKind.String && epoch.GetString() is { } text && IsHash(text, 16) ? text : null;

    private static List<SequenceRange>? Ranges(JsonElement list, int max)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > max) return null;
        var ranges = new List<SequenceRange>();
        foreach (JsonElement pair in list.EnumerateArray())
        {
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || Number(pair[0]) is not { } first || Number(pair[1]) is not { } last || first < 1 || last < first) return null;
            ranges.Add(new SequenceRange(first, last));
        }

        return ranges;
    }
}
