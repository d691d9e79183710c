using System.Security.Cryptography;
using System.Text;

namespace ClawMesh.Edge.Core.Storage;

/// <summary>How long a frame is kept and in which order it gives way ([X-32], [X-77]).</summary>
public enum FrameClass
{
    /// <summary>Observations and whatever else is neither of the others: first to go.</summary>
    Bulk,

    /// <summary>Proposals, capabilities, what people said: kept 7 days.</summary>
    Control,

    /// <summary>Results of commands, faults, alarms: kept 90 days.</summary>
    Safety,
}

/// <summary>A frame as the archive keeps it.</summary>
/// <param name="Origin">The device id that made it.</param>
/// <param name="Epoch">16 hex digits for a verified frame; null for one without valid Edge members, or of an unknown origin ([X-31]).</param>
/// <param name="Sequence">At least 1 for a verified frame, 0 otherwise.</param>
/// <param name="TimestampMs">The origin's wall clock, as the frame states it.</param>
/// <param name="ReceivedMs">This node's wall clock when it was taken in; ages are counted from it.</param>
/// <param name="Utf8">The frame's JSON as it came.</param>
public sealed record ArchivedFrame(
    string Origin, string FrameId, string Kind, string? Epoch, long Sequence, long TimestampMs, long ReceivedMs, FrameClass Class, ReadOnlyMemory<byte> Utf8);

/// <summary>A closed range of sequence numbers.</summary>
public readonly record struct SequenceRange(long First, long Last);

/// <summary>What is known of one life of an origin ([X-24]): every number up to <paramref name="Highest"/> was seen but those in the gaps.</summary>
/// <param name="Gaps">Ascending, disjoint, not adjacent, below <paramref name="Highest"/>.</param>
/// <param name="Void">Numbers the origin declared void; counted as seen.</param>
/// <param name="Lost">Numbers nobody has any more ([X-30]); counted as seen.</param>
public sealed record SequenceKnowledge(
    string Origin, string Epoch, long Highest, IReadOnlyList<SequenceRange> Gaps, IReadOnlyList<SequenceRange> Void, IReadOnlyList<SequenceRange> Lost);

/// <summary>A frame without valid Edge members, as the digests of count it.</summary>
/// <param name="IdHash">32 hex digits of SHA-256 over the frame id.</param>
public readonly record struct ClassicFrameId(long TimestampMs, string IdHash)
{
    /// <summary>What the digests of call a frame: the first 32 hex digits of SHA-256 over its id.</summary>
    public static string HashOf(string frameId) => HashOf(Encoding.UTF8.GetBytes(frameId));

    /// <summary>The same, of an id in UTF-8.</summary>
    public static string HashOf(ReadOnlySpan<byte> frameId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(frameId, hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}

/// <summary>A frame of this node with its place in the journal of frames ([X-77], [X-78]).</summary>
public sealed record OutboxFrame(long Number, ArchivedFrame Frame);

/// <param name="Stored">Rows now in the store.</param>
/// <param name="Bytes">Bytes of frame text now in the store.</param>
/// <param name="Appended">Frames written in this process life.</param>
/// <param name="Dropped">Frames lost to a full queue or an unavailable disk in this process life.</param>
/// <param name="Pruned">Frames removed to stay inside the bounds in this process life.</param>
public readonly record struct FrameArchiveCounters(long Stored, long Bytes, long Appended, long Dropped, long Pruned);

/// <summary>
/// The durable, bounded memory of frames, own and foreign, with what is known about each origin. Appends never block and may be grouped
/// for up to 1 s ([X-77]); what waits to be written is found by every read. Reads go to the disk: not for a receive loop. Thread-safe.
/// </summary>
public interface IFrameArchive
{
    FrameArchiveCounters Counters { get; }

    /// <summary>
    /// Queues a frame; one that is kept already (same origin and frame id) is passed over. When the queue is full the oldest waiting frame of the lowest class is dropped and counted.
    /// </summary>
    /// <param name="written">Called once when the frame is durable (true) or is known not to become so (false), on a thread of the archive;
    /// the frame is then written without waiting for others. Null: grouped.</param>
    void Append(ArchivedFrame frame, Action<bool>? written = null);

    /// <summary>Replaces what is kept under the same origin and frame id, for a verified copy of a frame that came unsigned before ([X-20]).</summary>
    void Replace(ArchivedFrame frame);

    /// <summary>Queues what is known of an origin's epoch. The newest word for an epoch counts; it never becomes durable before the frames appended before it.</summary>
    void Remember(SequenceKnowledge knowledge);

    /// <summary>Every remembered epoch; asked once at the start.</summary>
    IReadOnlyList<SequenceKnowledge> Knowledge();

    /// <summary>Verified frames of an origin's epoch with numbers in the range, ascending. At least one frame even when it alone is longer than <paramref name="maxBytes"/>.</summary>
    IReadOnlyList<ArchivedFrame> Signed(string origin, string epoch, SequenceRange range, int maxFrames, int maxBytes);

    /// <summary>The verified frame of an origin with the highest (epoch, sequence), or null ([X-26], <c>head</c>).</summary>
    ArchivedFrame? Head(string origin);

    /// <summary>The frames without epoch whose time lies in [from, to), by time; an id that several origins used at the same time counts once.</summary>
    IReadOnlyList<ClassicFrameId> Classic(long fromMs, long toMs);

    /// <summary>Frames without epoch by their id hashes, in the order asked, of every origin that used the id; those that are not kept are left out.</summary>
    IReadOnlyList<ArchivedFrame> ClassicByHash(IReadOnlyList<string> idHashes, int maxFrames, int maxBytes);

    /// <summary>Frames of <paramref name="self"/> beyond a place, ascending by place, that are not older than <paramref name="sinceMs"/> by their own time.</summary>
    IReadOnlyList<OutboxFrame> OwnAfter(string self, long number, long sinceMs, int limit);

    /// <summary>The place of the newest frame; 0 when there is none.</summary>
    long LastNumber { get; }

    /// <summary>The newest frames by time of arrival, oldest of them first.</summary>
    IReadOnlyList<ArchivedFrame> Newest(int limit);

    /// <summary>Forgets frames and knowledge of an origin, durably; for a node that joins another mesh, where its old frames verify no more.</summary>
    void Forget(string origin);
}
