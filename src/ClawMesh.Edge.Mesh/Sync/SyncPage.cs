using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>One answer to a pull: frames as far as they fit, and of every other number that was asked for why it is not among them.</summary>
internal sealed class SyncPage(int maxFrames, int maxBytes)
{
    private readonly List<ArchivedFrame> _frames = [];
    private int _bytes;
    private bool _full;

    public IReadOnlyList<ArchivedFrame> Frames => _frames;

    /// <summary>Asked for and not answered yet: to be asked for again.</summary>
    public List<SyncWant> Rest { get; } = [];

    /// <summary>Seen once and not kept.</summary>
    public List<SyncWant> Pruned { get; } = [];

    public List<SyncWant> Void { get; } = [];

    public List<SyncWant> Absent { get; } = [];

    public void Add(SyncWant want, SequenceKnowledge? known, IFrameArchive archive)
    {
        SequenceRanges rest = new(), pruned = new(), declared = new(), absent = new();
        var vector = known is null ? null : new SequenceVector(known);
        foreach (SequenceRange range in want.Ranges)
        {
            if (_full || pruned.Count + absent.Count + declared.Count >= SyncWords.MaxRanges)
            {
                rest.Add(range.First, range.Last);
                continue;
            }

            if (vector is null)
            {
                absent.Add(range.First, range.Last);
                continue;
            }

            var open = new SequenceRanges([range]);
            foreach (SequenceRange gap in vector.Gaps) Move(open, absent, gap, range);
            if (range.Last > vector.Highest) Move(open, absent, new SequenceRange(vector.Highest + 1, range.Last), range);
            foreach (SequenceRange gone in vector.Void.All) Move(open, declared, gone, range);
            foreach (SequenceRange part in open.All) Take(want, part, archive, rest, pruned);
        }

        Put(Rest, want, rest);
        Put(Pruned, want, pruned);
        Put(Void, want, declared);
        Put(Absent, want, absent);
    }

    private static void Move(SequenceRanges from, SequenceRanges to, SequenceRange part, SequenceRange within)
    {
        long first = Math.Max(part.First, within.First), last = Math.Min(part.Last, within.Last);
        if (last < first) return;
        from.Remove(first, last);
        to.Add(first, last);
    }

    private static void Put(List<SyncWant> list, SyncWant want, SequenceRanges ranges)
    {
        if (ranges.Count > 0) list.Add(new SyncWant(want.Origin, want.Epoch, [.. ranges.All]));
    }

    private void Take(SyncWant want, SequenceRange part, IFrameArchive archive, SequenceRanges rest, SequenceRanges pruned)
    {
        if (_full)
        {
            rest.Add(part.First, part.Last);
            return;
        }

        IReadOnlyList<ArchivedFrame> found = archive.Signed(want.Origin, want.Epoch, part, maxFrames - _frames.Count, maxBytes - _bytes);
        long next = part.First;
        foreach (ArchivedFrame frame in found)
        {
            if (_frames.Count > 0 && _bytes + frame.Utf8.Length > maxBytes) break;
            pruned.Add(next, frame.Sequence - 1);
            _frames.Add(frame);
            _bytes += frame.Utf8.Length;
            next = frame.Sequence + 1;
        }

        if (next > part.Last) return;
        // Either nothing more is kept, or the page is full.
        bool further = archive.Signed(want.Origin, want.Epoch, new SequenceRange(next, part.Last), 1, int.MaxValue).Count > 0;
        (further ? rest : pruned).Add(next, part.Last);
        _full |= further;
    }
}
