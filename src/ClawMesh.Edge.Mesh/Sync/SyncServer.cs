using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>The answering side of <c>edge.sync</c> ([X-26], [X-31]). Keeps nothing between two requests ([X-27]).</summary>
internal sealed class SyncServer(MeshNode mesh, SequenceBook book, IFrameArchive archive)
{
    public Action<Utf8JsonWriter> Answer(JsonElement p, RpcCaller caller) => RpcParams.TextOrNull(p, "op") switch
    {
        "root" => Root(p, caller),
        "vectors" => Vectors(p),
        "pull" => Pull(p),
        "window" => Window(p),
        "ids" => Ids(p),
        "pullIds" => PullIds(p),
        _ => throw Wrong("op must be root, vectors, pull, window, ids or pullIds"),
    };

    private static RpcRefusalException Wrong(string what) => new(GateCodes.InvalidParams, what);

    private static RpcRefusalException Limit(string what) => new(SyncErrorCodes.Limit, what);

    private Action<Utf8JsonWriter> Root(JsonElement p, RpcCaller caller)
    {
        if (RpcParams.TextOrNull(p, "root") is not { } theirs || !SyncWords.IsHash(theirs, 64)) throw Wrong("root must be 64 hex digits");
        byte[][] buckets = book.BucketHashes();
        bool same = Convert.ToHexStringLower(SequenceBook.Root(buckets)) == theirs;
        ArchivedFrame? head = RpcParams.Member(p, "head") is { ValueKind: JsonValueKind.True } && caller.Device is { } device ? archive.Head(device.Value) : null;
        return w =>
        {
            w.WriteStartObject();
            w.WriteBoolean("same", same);
            if (!same)
            {
                w.WriteStartArray("buckets");
                foreach (byte[] bucket in buckets) w.WriteStringValue(Convert.ToHexStringLower(bucket));
                w.WriteEndArray();
            }

            if (head is not null)
            {
                w.WritePropertyName("head");
                w.WriteRawValue(head.Utf8.Span, skipInputValidation: true);
            }

            w.WriteEndObject();
        };
    }

    private Action<Utf8JsonWriter> Vectors(JsonElement p)
    {
        if (RpcParams.Member(p, "buckets") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > SequenceBook.Buckets) throw Wrong("buckets must be 1 to 16 numbers");
        var buckets = new List<int>();
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (SyncWords.Number(item) is not { } bucket || bucket >= SequenceBook.Buckets) throw Wrong("a bucket is a number from 0 to 15");
            buckets.Add((int)bucket);
        }

        string after = RpcParams.TextOrNull(p, "after") ?? "";
        List<SequenceKnowledge> found = book.Vectors(buckets, after, SyncWords.MaxVectors + 1);
        return w =>
        {
            w.WriteStartObject();
            w.WriteStartArray("vectors");
            for (int i = 0; i < Math.Min(found.Count, SyncWords.MaxVectors); i++)
            {
                SequenceKnowledge vector = found[i];
                w.WriteStartObject();
                w.WriteString("origin", vector.Origin);
                w.WriteString("epoch", vector.Epoch);
                w.WriteNumber("n", vector.Highest);
                w.WriteStartArray("gaps");
                for (int g = 0; g < Math.Min(vector.Gaps.Count, SyncWords.MaxGapsTold); g++) SyncWords.Write(w, vector.Gaps[g]);
                w.WriteEndArray();
                w.WriteBoolean("more", vector.Gaps.Count > SyncWords.MaxGapsTold);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            if (found.Count > SyncWords.MaxVectors) w.WriteString("next", SequenceBook.Place(found[SyncWords.MaxVectors - 1].Origin, found[SyncWords.MaxVectors - 1].Epoch));
            w.WriteEndObject();
        };
    }

    private Action<Utf8JsonWriter> Pull(JsonElement p)
    {
        if (RpcParams.Member(p, "want") is not { ValueKind: JsonValueKind.Array } list) throw Wrong("want must be a list");
        if (list.GetArrayLength() > SyncWords.MaxWants) throw Limit($"want has {list.GetArrayLength()} entries; {SyncWords.MaxWants} are allowed");
        if (SyncWords.Wants(list) is not { } wants) throw Limit($"an entry of want is malformed, or there are more than {SyncWords.MaxRanges} ranges");
        var page = new SyncPage(
            (int)RpcParams.Number(p, "maxFrames", 100, 1, SyncWords.MaxFrames), (int)RpcParams.Number(p, "maxBytes", 262_144, 1, SyncWords.MaxBytes));
        foreach (SyncWant want in wants) page.Add(want, book.Of(want.Origin, want.Epoch), archive);
        return w =>
        {
            w.WriteStartObject();
            Frames(w, page.Frames);
            SyncWords.Write(w, "rest", page.Rest);
            SyncWords.Write(w, "pruned", page.Pruned);
            SyncWords.Write(w, "void", page.Void);
            SyncWords.Write(w, "absent", page.Absent);
            w.WriteEndObject();
        };
    }

    private Action<Utf8JsonWriter> Window(JsonElement p)
    {
        (long from, long to) = Span(p);
        long step = RpcParams.Number(p, "step", 0, 0, long.MaxValue / 4);
        if (step < SyncWords.StepMs || step % SyncWords.StepMs != 0) throw Wrong("step must be a multiple of 300000");
        if ((to - from + step - 1) / step > SyncWords.MaxSteps) throw Limit($"more than {SyncWords.MaxSteps} steps");
        // Only the part that both keep is compared: what this side has forgotten by age says nothing.
        long kept = Aligned(mesh.NowMs - (long)mesh.Options.ClassicRetention.TotalMilliseconds + step - 1, step);
        long start = Math.Min(Math.Max(from, kept), to);
        List<string> digests = ClassicDigests.Of(archive, start, to, step);
        return w =>
        {
            w.WriteStartObject();
            if (start != from) w.WriteNumber("from", start);
            w.WriteStartArray("digests");
            foreach (string digest in digests) w.WriteStringValue(digest);
            w.WriteEndArray();
            w.WriteEndObject();
        };
    }

    private Action<Utf8JsonWriter> Ids(JsonElement p)
    {
        (long from, long to) = Span(p);
        IReadOnlyList<ClassicFrameId> ids = archive.Classic(from, to);
        return w =>
        {
            w.WriteStartObject();
            w.WriteStartArray("ids");
            for (int i = 0; i < Math.Min(ids.Count, SyncWords.MaxIds); i++) w.WriteStringValue(ids[i].IdHash);
            w.WriteEndArray();
            w.WriteBoolean("more", ids.Count > SyncWords.MaxIds);
            w.WriteEndObject();
        };
    }

    private Action<Utf8JsonWriter> PullIds(JsonElement p)
    {
        if (RpcParams.Member(p, "ids") is not { ValueKind: JsonValueKind.Array } list) throw Wrong("ids must be a list");
        if (list.GetArrayLength() > SyncWords.MaxIds) throw Limit($"ids has {list.GetArrayLength()} entries; {SyncWords.MaxIds} are allowed");
        var asked = new List<string>();
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || item.GetString() is not { } id || !SyncWords.IsHash(id, 32)) throw Wrong("an id is 32 hex digits");
            asked.Add(id);
        }

        IReadOnlyList<ArchivedFrame> found = archive.ClassicByHash(
            asked, (int)RpcParams.Number(p, "maxFrames", 100, 1, SyncWords.MaxFrames), (int)RpcParams.Number(p, "maxBytes", 262_144, 1, SyncWords.MaxBytes));
        var delivered = new HashSet<string>(StringComparer.Ordinal);
        foreach (ArchivedFrame frame in found) delivered.Add(ClassicFrameId.HashOf(frame.FrameId));
        // What comes after the last delivered one may only have found no room.
        int last = asked.FindLastIndex(delivered.Contains);
        bool cut = last >= 0 && last < asked.Count - 1 && archive.ClassicByHash(asked.GetRange(last + 1, asked.Count - last - 1), 1, int.MaxValue).Count > 0;
        return w =>
        {
            w.WriteStartObject();
            Frames(w, found);
            w.WriteStartArray("restIds");
            for (int i = last + 1; cut && i < asked.Count; i++) w.WriteStringValue(asked[i]);
            w.WriteEndArray();
            w.WriteStartArray("absentIds");
            for (int i = 0; i < (cut ? last + 1 : asked.Count); i++)
            {
                if (!delivered.Contains(asked[i])) w.WriteStringValue(asked[i]);
            }

            w.WriteEndArray();
            w.WriteEndObject();
        };
    }

    private static void Frames(Utf8JsonWriter w, IReadOnlyList<ArchivedFrame> frames)
    {
        w.WriteStartArray("frames");
        foreach (ArchivedFrame frame in frames) w.WriteRawValue(frame.Utf8.Span, skipInputValidation: true);
        w.WriteEndArray();
    }

    private (long From, long To) Span(JsonElement p)
    {
        long from = RpcParams.Number(p, "from", -1, -1, long.MaxValue / 4), to = RpcParams.Number(p, "to", -1, -1, long.MaxValue / 4);
        if (from < 0 || to <= from || from % SyncWords.StepMs != 0 || to % SyncWords.StepMs != 0) throw Wrong("from and to must be multiples of 300000, from the smaller");
        if (to - from > 24 * SyncWords.HourMs) throw Limit("a window is at most 24 h wide");
        if (to > mesh.NowMs - ClassicDigests.SettleMs + ClassicDigests.ClockSlackMs) throw Wrong("to must be at least 10 s in the past");
        return (from, to);
    }

    private static long Aligned(long ms, long step) => Math.Max(ms, 0) / step * step;
}

/// <summary>Codes of <c>edge.sync</c> ([X-29]).</summary>
public static class SyncErrorCodes
{
    public const string Limit = "SYNC_LIMIT";
}
