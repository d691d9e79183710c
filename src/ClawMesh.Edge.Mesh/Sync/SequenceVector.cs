using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>What this node knows of one life of one origin ([X-24]), with its hash ([X-25]). Not thread-safe: its book locks.</summary>
public sealed class SequenceVector
{
    /// <summary>Gaps kept; beyond it the oldest count as lost ([X-29]).</summary>
    public const int MaxGaps = 1_024;

    private readonly SequenceRanges _gaps;
    private readonly SequenceRanges _void;
    private readonly SequenceRanges _lost;
    private byte[]? _hash;

    public SequenceVector(string origin, string epoch)
        : this(new SequenceKnowledge(origin, epoch, 0, [], [], []))
    {
    }

    public SequenceVector(SequenceKnowledge knowledge)
    {
        (Origin, Epoch, Highest) = (knowledge.Origin, knowledge.Epoch, knowledge.Highest);
        (_gaps, _void, _lost) = (new SequenceRanges(knowledge.Gaps), new SequenceRanges(knowledge.Void), new SequenceRanges(knowledge.Lost));
    }

    public string Origin { get; }

    public string Epoch { get; }

    /// <summary>The highest number seen; 0 before the first.</summary>
    public long Highest { get; private set; }

    public IReadOnlyList<SequenceRange> Gaps => _gaps.All;

    public SequenceRanges Void => _void;

    /// <summary>Frames that were counted as lost by this vector.</summary>
    public long LostNumbers => _lost.Numbers;

    /// <summary>How many numbers were seen.</summary>
    public long Seen => Highest - _gaps.Numbers;

    public bool Has(long number) => number <= Highest && !_gaps.Contains(number);

    /// <summary>Marks a number as seen; false when it was.</summary>
    public bool See(long number)
    {
        if (Has(number)) return false;
        SeeAll(number, number);
        return true;
    }

    /// <summary>Numbers that will never come, by the origin's own word.</summary>
    public void Declare(SequenceRange range)
    {
        // A number that was seen stays what it is: the frame is there.
        SequenceRanges unseen = Unseen(range);
        foreach (SequenceRange part in unseen.All)
        {
            _void.Add(part.First, part.Last);
            SeeAll(part.First, part.Last);
        }
    }

    /// <summary>Numbers that nobody has any more ([X-30]).</summary>
    /// <returns>How many were given up.</returns>
    public long GiveUp(SequenceRange range)
    {
        long numbers = 0;
        foreach (SequenceRange part in Unseen(range).All)
        {
            _lost.Add(part.First, part.Last);
            SeeAll(part.First, part.Last);
            numbers += part.Last - part.First + 1;
        }

        return numbers;
    }

    /// <summary>What this vector lacks of what another side has: numbers up to <paramref name="highest"/> outside <paramref name="theirGaps"/>, as at most <paramref name="limit"/> ranges.</summary>
    /// <param name="missing">How many numbers there are in all.</param>
    public List<SequenceRange> Lacks(long highest, IReadOnlyList<SequenceRange> theirGaps, int limit, out long missing)
    {
        SequenceRanges wanted = Unseen(new SequenceRange(1, highest));
        foreach (SequenceRange gap in theirGaps) wanted.Remove(gap.First, gap.Last);
        missing = wanted.Numbers;
        return wanted.Within(1, highest, limit);
    }

    public SequenceKnowledge Snapshot() => new(Origin, Epoch, Highest, [.. _gaps.All], [.. _void.All], [.. _lost.All]);

    /// <summary>SHA-256(DS(sync-vector, origin, epoch, decimal n, JCS(gaps))); 32 bytes.</summary>
    public byte[] Hash() => _hash ??= SHA256.HashData(DomainSeparation.Bytes(
        DomainSeparation.SyncVector, DomainSeparation.Text(Origin), DomainSeparation.Text(Epoch),
        DomainSeparation.Text(Highest.ToString(CultureInfo.InvariantCulture)), DomainSeparation.Text(GapsText())));

    private void SeeAll(long first, long last)
    {
        _hash = null;
        if (last > Highest)
        {
            if (first > Highest + 1) _gaps.Add(Highest + 1, first - 1);
            else if (first <= Highest) _gaps.Remove(first, Highest);
            Highest = last;
        }
        else
        {
            _gaps.Remove(first, last);
        }

        while (_gaps.Count > MaxGaps)
        {
            SequenceRange oldest = _gaps.TakeFirst();
            _lost.Add(oldest.First, oldest.Last);
        }

        // What is void or lost is told when asked for; of very old ranges only that they were seen.
        while (_void.Count > MaxGaps) _void.TakeFirst();
        while (_lost.Count > MaxGaps) _lost.TakeFirst();
    }

    private SequenceRanges Unseen(SequenceRange range)
    {
        var unseen = new SequenceRanges(_gaps.Within(range.First, range.Last, int.MaxValue));
        if (range.Last > Highest) unseen.Add(Math.Max(range.First, Highest + 1), range.Last);
        return unseen;
    }

    // Whole numbers in brackets: their canonical form is their plain form.
    private string GapsText()
    {
        var text = new StringBuilder("[");
        foreach (SequenceRange gap in _gaps.All)
        {
            if (text.Length > 1) text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"[{gap.First},{gap.Last}]");
        }

        return text.Append(']').ToString();
    }
}
