using System.Runtime.InteropServices;
using System.Text.Json;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>What a round came to.</summary>
/// <param name="Whole">Everything was asked that there was to ask.</param>
/// <param name="Differed">The peer knew other things than this node.</param>
/// <param name="Taken">Frames that were new.</param>
/// <param name="Lacked">Numbers the peer had and this node wanted.</param>
internal readonly record struct SyncOutcome(bool Whole, bool Differed, long Lacked, int Taken);

/// <summary>
/// One round of <c>edge.sync</c> with one peer, from this side ([X-27]): compare, ask for what is missing, page by page. It can end at any
/// message; what was stored is the progress.
/// </summary>
internal sealed class SyncRound(MeshNode mesh, SequenceBook book, IFrameArchive archive, Session session)
{
    private const int MaxPages = 64;

    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    // Long enough for ten thousand frames at the pace of checking; a peer that makes it longer must not keep the others waiting.
    private static readonly TimeSpan MaxRound = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, SequenceRanges> _claimed = new(StringComparer.Ordinal);
    private readonly long _began = mesh.Time.GetTimestamp();
    private long _lacked;
    private int _taken;

    /// <summary>What the peer says it has, of what this node lacks, and did not take back when asked: by <see cref="SequenceBook.Place"/>.</summary>
    public IReadOnlyDictionary<string, SequenceRanges> Claimed => _claimed;

    /// <param name="withHead">Asks for this node's own newest frame, too ([X-14]).</param>
    /// <param name="withClassic">Compares frames without numbers, too.</param>
    /// <param name="head">Called once when <paramref name="withHead"/>: with the head when it verifies, otherwise with null.</param>
    public async Task<SyncOutcome> RunAsync(bool withHead, bool withClassic, Action<FrameStamp?> head)
    {
        byte[][] ours = book.BucketHashes();
        CallResult root = await AskAsync(w =>
        {
            w.WriteString("op", "root");
            w.WriteString("root", Convert.ToHexStringLower(SequenceBook.Root(ours)));
            if (withHead) w.WriteBoolean("head", true);
        });
        if (!root.Ok || root.Payload.ValueKind != JsonValueKind.Object) return default;
        if (withHead) head(Head(root.Payload));

        bool differs = RpcParams.Member(root.Payload, "same") is not { ValueKind: JsonValueKind.True };
        bool whole = true;
        if (differs) whole = await CompareAsync(Differing(root.Payload, ours));
        else session.Sight.Lags(0, 0);
        if (withClassic) whole &= await new ClassicRound(mesh, archive, AskAsync, TakeAsync).RunAsync();
        return new SyncOutcome(whole, differs, _lacked, _taken);
    }

    private Task<CallResult> AskAsync(Action<Utf8JsonWriter> parameters) => session.Conversation.CallAsync(SyncWords.Method, parameters, CallLimit);

    private FrameStamp? Head(JsonElement payload)
    {
        if (RpcParams.Member(payload, "head") is not { ValueKind: JsonValueKind.Object } head) return null;
        MeshFrame? frame = mesh.Gossip.Read(JsonMarshal.GetRawUtf8Value(head).ToArray());
        // A bare claim about an epoch counts for nothing: the signature must be our own.
        return frame is { Stamp: { } stamp } && frame.SourceDeviceId == mesh.Self.Value && mesh.Gossip.IsOwnWork(frame) ? stamp : null;
    }

    private static List<int> Differing(JsonElement payload, byte[][] ours)
    {
        var differing = new List<int>();
        if (RpcParams.Member(payload, "buckets") is not { ValueKind: JsonValueKind.Array } theirs || theirs.GetArrayLength() != SequenceBook.Buckets) return differing;
        for (int k = 0; k < SequenceBook.Buckets; k++)
        {
            if (theirs[k].ValueKind == JsonValueKind.String && theirs[k].GetString() != Convert.ToHexStringLower(ours[k])) differing.Add(k);
        }

        return differing;
    }

    private async Task<bool> CompareAsync(List<int> buckets)
    {
        if (buckets.Count == 0) return false;
        string? after = null;
        long weLack = 0, theyLack = 0;
        bool whole = true;
        for (int page = 0; page < MaxPages; page++)
        {
            CallResult answer = await AskAsync(w =>
            {
                w.WriteString("op", "vectors");
                w.WriteStartArray("buckets");
                foreach (int bucket in buckets) w.WriteNumberValue(bucket);
                w.WriteEndArray();
                if (after is not null) w.WriteString("after", after);
            });
            if (!answer.Ok || RpcParams.Member(answer.Payload, "vectors") is not { } listed) return false;

            List<SequenceKnowledge> vectors = SyncWords.Vectors(listed);
            var wants = new List<SyncWant>();
            foreach (SequenceKnowledge theirs in vectors)
            {
                if (book.Of(theirs.Origin, theirs.Epoch) is { } ours)
                {
                    _ = new SequenceVector(theirs).Lacks(ours.Highest, ours.Gaps, 1, out long behind);
                    theyLack += behind;
                }

                // Own frames are never taken back ([W-88]); without an origin's key nothing of it can be verified.
                if (theirs.Origin == mesh.Self.Value || mesh.Gossip.Standings.KeyOf(theirs.Origin) is null) continue;
                List<SequenceRange> missing = book.Lacks(theirs, SyncWords.MaxRanges, out long numbers);
                weLack += numbers;
                _lacked = weLack;
                if (missing.Count == 0) continue;
                wants.Add(new SyncWant(theirs.Origin, theirs.Epoch, missing));
                _claimed[SequenceBook.Place(theirs.Origin, theirs.Epoch)] = new SequenceRanges(missing);
            }

            session.Sight.Lags(weLack, theyLack);
            whole &= await PullAsync(wants);
            string? next = RpcParams.TextOrNull(answer.Payload, "next");
            if (next is null || vectors.Count == 0 || string.CompareOrdinal(next, after ?? "") <= 0) return whole;
            after = next;
        }

        return false;
    }

    private async Task<bool> PullAsync(List<SyncWant> wants)
    {
        var waiting = new Queue<SyncWant>(wants);
        while (waiting.Count > 0)
        {
            List<SyncWant> asked = Batch(waiting);
            while (asked.Count > 0)
            {
                if (mesh.Time.GetElapsedTime(_began) >= MaxRound) return false;
                CallResult answer = await AskAsync(w =>
                {
                    w.WriteString("op", "pull");
                    SyncWords.Write(w, "want", asked);
                    w.WriteNumber("maxFrames", 100);
                    w.WriteNumber("maxBytes", 262_144);
                });
                if (!answer.Ok) return false;
                int came = await TakeAsync(answer.Payload);
                foreach (string gone in (string[])["pruned", "void", "absent"])
                {
                    foreach (SyncWant want in SyncWords.Wants(RpcParams.Member(answer.Payload, gone) ?? default, SyncWords.MaxWants, SyncWords.MaxWants * SyncWords.MaxRanges) ?? []) NotHad(want);
                }

                List<SyncWant> rest = SyncWords.Wants(RpcParams.Member(answer.Payload, "rest") ?? default) ?? [];
                // A peer that delivers nothing, or promises more than it was asked for, would be asked for ever.
                if (rest.Count > 0 && (came == 0 || Numbers(rest) >= Numbers(asked))) return false;
                asked = rest;
            }
        }

        return true;
    }

    private void NotHad(SyncWant want)
    {
        if (!_claimed.TryGetValue(SequenceBook.Place(want.Origin, want.Epoch), out SequenceRanges? claimed)) return;
        foreach (SequenceRange range in want.Ranges) claimed.Remove(range.First, range.Last);
    }

    private static long Numbers(List<SyncWant> wants)
    {
        long numbers = 0;
        foreach (SyncWant want in wants) numbers += new SequenceRanges(want.Ranges).Numbers;
        return numbers;
    }

    // At most 32 entries with 256 ranges in all ([X-29]).
    private static List<SyncWant> Batch(Queue<SyncWant> waiting)
    {
        var batch = new List<SyncWant>();
        int ranges = 0;
        while (batch.Count < SyncWords.MaxWants && waiting.TryPeek(out SyncWant? next) && ranges + next.Ranges.Count <= SyncWords.MaxRanges)
        {
            batch.Add(waiting.Dequeue());
            ranges += next.Ranges.Count;
        }

        return batch;
    }

    /// <summary>Takes the frames of an answer through the whole of; returns how many there were.</summary>
    private async Task<int> TakeAsync(JsonElement payload)
    {
        if (RpcParams.Member(payload, "frames") is not { ValueKind: JsonValueKind.Array } frames) return 0;
        var taking = new Taking();
        int came = 0;
        foreach (JsonElement frame in frames.EnumerateArray())
        {
            if (++came > SyncWords.MaxFrames) break;
            taking.Expect();
            mesh.Gossip.Take(session, JsonMarshal.GetRawUtf8Value(frame).ToArray(), FrameWay.Pulled, taking.Came);
        }

        _taken += await taking.AllAsync();
        return came;
    }
}

/// <summary>Counts the frames of one answer as they come back from their checks.</summary>
internal sealed class Taking
{
    private readonly TaskCompletionSource<int> _all = new();
    private int _open = 1;
    private int _new;

    public void Expect() => Interlocked.Increment(ref _open);

    public void Came(bool isNew)
    {
        if (isNew) Interlocked.Increment(ref _new);
        Close();
    }

    /// <summary>How many were new, once all are through.</summary>
    public Task<int> AllAsync()
    {
        Close();
        return _all.Task;
    }

    private void Close()
    {
        if (Interlocked.Decrement(ref _open) == 0) _all.TrySetResult(_new);
    }
}
