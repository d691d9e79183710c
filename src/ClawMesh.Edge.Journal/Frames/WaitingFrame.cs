using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>A frame on its way to the disk. Changed under the queue's lock, or by the writer while it is in a batch.</summary>
internal sealed class WaitingFrame(ArchivedFrame frame, long number, long order, bool replaces, Action<bool>? written)
{
    private string? _idHash;

    public ArchivedFrame Frame { get; } = frame;

    /// <summary>What tells it from others: another origin may use the same frame id.</summary>
    public (string Origin, string FrameId) Id => (Frame.Origin, Frame.FrameId);

    /// <summary>The row it gets.</summary>
    public long Number { get; set; } = number;

    /// <summary>Its place among all that was asked of the queue.</summary>
    public long Order { get; } = order;

    /// <summary>True when it takes the place of a frame without epoch that has the same origin and id.</summary>
    public bool Replaces { get; } = replaces;

    /// <summary>Who waits for it; null once told.</summary>
    public Action<bool>? Written { get; set; } = written;

    /// <summary>Transactions that failed with it.</summary>
    public int Attempts { get; set; }

    /// <summary>Set in the transaction: its text is in the store when that commits.</summary>
    public bool IsKept { get; set; }

    /// <summary>Null while a batch has it.</summary>
    public LinkedListNode<WaitingFrame>? Place { get; set; }

    public string IdHash => _idHash ??= ClassicFrameId.HashOf(Frame.FrameId);
}

/// <param name="After">Frames up to this <see cref="WaitingFrame.Order"/> come first.</param>
/// <param name="Noted">The newest row number when it was said.</param>
internal readonly record struct WaitingKnowledge(SequenceKnowledge Knowledge, long After, long Noted);

/// <summary>What one transaction takes out of the queue.</summary>
internal sealed class FrameBatch
{
    public List<WaitingFrame> Frames { get; } = [];

    public List<WaitingKnowledge> Knowledge { get; } = [];

    public bool IsEmpty => Frames.Count == 0 && Knowledge.Count == 0;
}

/// <param name="Stored">Rows in the table.</param>
/// <param name="Bytes">Bytes of their text.</param>
internal readonly record struct FrameTotals(long Stored, long Bytes);

/// <param name="Written">Frames that were not there before.</param>
/// <param name="More">Frames beyond the bounds are left for the next transaction.</param>
internal readonly record struct FrameBatchResult(int Written, int Pruned, bool More);
