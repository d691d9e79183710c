using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal.Opening;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>
/// The frames in <c>edge.db</c>. Written by the journal's writer, within a second of <see cref="Append"/> or at once when somebody
/// waits; a damaged or full disk costs frames, which are counted, and nothing else. Obtained from <see cref="ActuationJournal.Frames"/>.
/// </summary>
public sealed class FrameArchive : IFrameArchive
{
    private readonly JournalPaths _paths;
    private readonly FrameQueue _queue;
    private readonly JournalWriter _writer;

    internal FrameArchive(JournalPaths paths, FrameQueue queue, JournalWriter writer) => (_paths, _queue, _writer) = (paths, queue, writer);

    public FrameArchiveCounters Counters => _queue.Counters;

    public long LastNumber => _queue.LastNumber;

    /// <inheritdoc/>
    /// <remarks>
    /// <paramref name="written"/> runs on the journal's thread and must not block; what it throws is swallowed. After false the frame is
    /// still found by reads, and is written if the disk comes back while the queue has room for it. False too for a frame whose
    /// (origin, epoch, number) belongs to another one. After the archive was closed it runs on the caller's thread.
    /// </remarks>
    public void Append(ArchivedFrame frame, Action<bool>? written = null) => Add(frame, written, replaces: false);

    /// <inheritdoc/>
    /// <remarks>A frame without epoch never takes the place of another: it is appended.</remarks>
    public void Replace(ArchivedFrame frame) => Add(frame, null, replaces: frame.Epoch is not null);

    public void Remember(SequenceKnowledge knowledge)
    {
        _queue.Remember(knowledge);
        _writer.FramesWait();
    }

    public IReadOnlyList<SequenceKnowledge> Knowledge()
    {
        List<SequenceKnowledge> newest = _queue.Knowledge();
        var known = new HashSet<(string, string)>();
        foreach (SequenceKnowledge epoch in newest) known.Add((epoch.Origin, epoch.Epoch));
        foreach (SequenceKnowledge epoch in Read(KnowledgeTable.Read))
        {
            if (known.Add((epoch.Origin, epoch.Epoch))) newest.Add(epoch);
        }

        return newest;
    }

    public IReadOnlyList<ArchivedFrame> Signed(string origin, string epoch, SequenceRange range, int maxFrames, int maxBytes)
    {
        if (maxFrames <= 0) return [];
        List<WaitingFrame> waiting = _queue.Select(f => f.Epoch == epoch && f.Sequence >= range.First && f.Sequence <= range.Last && f.Origin == origin);
        List<OutboxFrame> found = Read(connection => FrameReads.Signed(connection, origin, epoch, range, maxFrames, maxBytes));
        if (waiting.Count > 0)
        {
            // The disk's word for a number counts: what waits beside it is passed over when its turn comes.
            var numbers = new HashSet<long>();
            foreach (OutboxFrame stored in found) numbers.Add(stored.Frame.Sequence);
            waiting.Sort(static (a, b) => a.Order.CompareTo(b.Order));
            foreach (WaitingFrame frame in waiting)
            {
                if (numbers.Add(frame.Frame.Sequence)) found.Add(new OutboxFrame(frame.Number, frame.Frame));
            }

            found.Sort(static (a, b) => a.Frame.Sequence.CompareTo(b.Frame.Sequence));
        }

        var frames = new List<ArchivedFrame>(Math.Min(maxFrames, found.Count));
        long bytes = 0;
        foreach (OutboxFrame frame in found)
        {
            if (!Fits(frames, frame.Frame, ref bytes, maxFrames, maxBytes)) break;
        }

        return frames;
    }

    public ArchivedFrame? Head(string origin)
    {
        List<WaitingFrame> waiting = _queue.Select(f => f.Epoch is not null && f.Origin == origin);
        List<OutboxFrame> stored = Read(connection => FrameReads.Head(connection, origin));
        ArchivedFrame? head = stored.Count > 0 ? stored[0].Frame : null;
        foreach (WaitingFrame frame in waiting)
        {
            int later = head is null ? 1 : string.CompareOrdinal(frame.Frame.Epoch, head.Epoch);
            if (later > 0 || (later == 0 && frame.Frame.Sequence > head!.Sequence)) head = frame.Frame;
        }

        return head;
    }

    public IReadOnlyList<ClassicFrameId> Classic(long fromMs, long toMs)
    {
        List<WaitingFrame> waiting = _queue.Select(f => f.Epoch is null && f.TimestampMs >= fromMs && f.TimestampMs < toMs);
        HashSet<(string Origin, string IdHash)> known = WaitingToReplace();
        bool settled = waiting.Count == 0 && known.Count == 0;
        List<ClassicFrameId> found = Read(connection => FrameReads.Classic(connection, fromMs, toMs, settled ? null : known));
        foreach (WaitingFrame frame in waiting)
        {
            if (known.Add((frame.Frame.Origin, frame.IdHash))) found.Add(new ClassicFrameId(frame.Frame.TimestampMs, frame.IdHash));
        }

        if (!settled) found.Sort(static (a, b) => a.TimestampMs != b.TimestampMs ? a.TimestampMs.CompareTo(b.TimestampMs) : string.CompareOrdinal(a.IdHash, b.IdHash));
        int kept = 0;
        for (int i = 0; i < found.Count; i++)
        {
            if (kept == 0 || found[i] != found[kept - 1]) found[kept++] = found[i];
        }

        found.RemoveRange(kept, found.Count - kept);
        return found;
    }

    public IReadOnlyList<ArchivedFrame> ClassicByHash(IReadOnlyList<string> idHashes, int maxFrames, int maxBytes)
    {
        if (maxFrames <= 0) return [];
        List<WaitingFrame> waiting = _queue.Select(static f => f.Epoch is null);
        HashSet<(string Origin, string IdHash)> taken = WaitingToReplace();
        var found = new Dictionary<string, List<ArchivedFrame>>(StringComparer.Ordinal);
        foreach (string hash in idHashes) found[hash] = [];
        Read(connection => FromDisk(connection, idHashes, maxFrames, maxBytes, taken, found));

        // As in Signed the disk's word counts.
        waiting.Sort(static (a, b) => a.Order.CompareTo(b.Order));
        foreach (WaitingFrame frame in waiting)
        {
            if (found.TryGetValue(frame.IdHash, out List<ArchivedFrame>? same) && taken.Add((frame.Frame.Origin, frame.IdHash))) same.Add(frame.Frame);
        }

        var frames = new List<ArchivedFrame>();
        long bytes = 0;
        foreach (string hash in idHashes)
        {
            if (!found.Remove(hash, out List<ArchivedFrame>? same)) continue;
            foreach (ArchivedFrame frame in same)
            {
                if (!Fits(frames, frame, ref bytes, maxFrames, maxBytes)) return frames;
            }
        }

        return frames;
    }

    public IReadOnlyList<OutboxFrame> OwnAfter(string self, long number, long sinceMs, int limit)
    {
        if (limit <= 0) return [];
        List<WaitingFrame> waiting = _queue.Select(f => f.Origin == self && f.TimestampMs >= sinceMs);
        List<OutboxFrame> found = Merge(Read(connection => FrameReads.OwnAfter(connection, self, number, sinceMs, limit)), waiting, number);
        if (found.Count > limit) found.RemoveRange(limit, found.Count - limit);
        return found;
    }

    public IReadOnlyList<ArchivedFrame> Newest(int limit)
    {
        if (limit <= 0) return [];
        List<WaitingFrame> waiting = _queue.Select(static _ => true);
        List<OutboxFrame> found = Merge(Read(connection => FrameReads.Newest(connection, limit)), waiting, 0);
        var frames = new List<ArchivedFrame>(Math.Min(limit, found.Count));
        for (int i = Math.Max(0, found.Count - limit); i < found.Count; i++) frames.Add(found[i].Frame);
        return frames;
    }

    /// <inheritdoc/>
    /// <remarks>Blocks until it is done; while the disk is away it is done when that is back. Not from a callback of this archive.</remarks>
    public void Forget(string origin) => _writer.ForgetFrames(origin);

    private void Add(ArchivedFrame frame, Action<bool>? written, bool replaces)
    {
        if (!_queue.Add(frame, written, replaces)) written?.Invoke(false);
        else if (_queue.UrgentWaits) _writer.FramesUrgent();
        else _writer.FramesWait();
    }

    private HashSet<(string Origin, string IdHash)> WaitingToReplace()
    {
        var hashes = new HashSet<(string Origin, string IdHash)>();
        foreach (WaitingFrame frame in _queue.SelectReplacing()) hashes.Add((frame.Frame.Origin, frame.IdHash));
        return hashes;
    }

    private static List<OutboxFrame> FromDisk(
        SqliteConnection connection, IReadOnlyList<string> idHashes, int maxFrames, int maxBytes,
        HashSet<(string Origin, string IdHash)> taken, Dictionary<string, List<ArchivedFrame>> found)
    {
        using PreparedCommand select = FrameReads.ByHash(connection);
        int count = 0;
        long bytes = 0;
        foreach (string hash in idHashes)
        {
            if (count >= maxFrames || bytes > maxBytes) break;
            foreach (OutboxFrame row in FrameReads.ByHash(select, hash, maxFrames - count, maxBytes - bytes))
            {
                if (!taken.Add((row.Frame.Origin, hash))) continue;
                found[hash].Add(row.Frame);
                count++;
                bytes += row.Frame.Utf8.Length;
            }
        }

        return [];
    }

    /// <summary>By place, each frame once: the place of the stored row, the text of what is to replace it.</summary>
    private static List<OutboxFrame> Merge(List<OutboxFrame> stored, List<WaitingFrame> waiting, long beyond)
    {
        var byId = new Dictionary<(string Origin, string FrameId), WaitingFrame>();
        foreach (WaitingFrame frame in waiting) byId[frame.Id] = frame;
        var merged = new List<OutboxFrame>(stored.Count + waiting.Count);
        foreach (OutboxFrame row in stored)
        {
            bool replaced = byId.Remove((row.Frame.Origin, row.Frame.FrameId), out WaitingFrame? newer) && newer!.Replaces;
            merged.Add(replaced ? row with { Frame = newer!.Frame } : row);
        }

        foreach (WaitingFrame frame in byId.Values)
        {
            if (frame.Number > beyond) merged.Add(new OutboxFrame(frame.Number, frame.Frame));
        }

        merged.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        return merged;
    }

    private static bool Fits(List<ArchivedFrame> frames, ArchivedFrame frame, ref long bytes, int maxFrames, int maxBytes)
    {
        bytes += frame.Utf8.Length;
        if (frames.Count >= maxFrames || (frames.Count > 0 && bytes > maxBytes)) return false;
        frames.Add(frame);
        return true;
    }

    /// <summary>Empty while the database cannot be read. The queue is always asked first: what is written in between is then found twice, not missed.</summary>
    private List<T> Read<T>(Func<SqliteConnection, List<T>> read)
    {
        try
        {
            using SqliteConnection connection = EdgeDatabase.OpenReadOnly(_paths);
            return read(connection);
        }
        catch (Exception unreadable) when (unreadable is SqliteException or EdgeException or InvalidCastException or InvalidOperationException)
        {
            // The last two: a value of another type than the schema says. Frames carry no chain; a damaged store gives none.
            return [];
        }
    }
}
