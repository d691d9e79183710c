using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>Closed ranges of numbers, ascending, disjoint and not adjacent. Not thread-safe.</summary>
public sealed class SequenceRanges
{
    private readonly List<SequenceRange> _ranges = [];

    public SequenceRanges()
    {
    }

    public SequenceRanges(IReadOnlyList<SequenceRange> ranges)
    {
        foreach (SequenceRange range in ranges) Add(range.First, range.Last);
    }

    public int Count => _ranges.Count;

    /// <summary>How many numbers lie in all ranges.</summary>
    public long Numbers
    {
        get
        {
            long numbers = 0;
            foreach (SequenceRange range in _ranges) numbers += range.Last - range.First + 1;
            return numbers;
        }
    }

    public IReadOnlyList<SequenceRange> All => _ranges;

    public bool Contains(long number)
    {
        int at = IndexOfLastFrom(number);
        return at >= 0 && _ranges[at].Last >= number;
    }

    /// <summary>Adds a range; what overlaps or touches becomes one.</summary>
    public void Add(long first, long last)
    {
        if (last < first) return;
        // The first range that touches the new one, and the first beyond it.
        int from = IndexOfLastFrom(first);
        if (from < 0 || _ranges[from].Last < first - 1) from++;
        int to = from;
        while (to < _ranges.Count && _ranges[to].First <= last + 1)
        {
            first = Math.Min(first, _ranges[to].First);
            last = Math.Max(last, _ranges[to].Last);
            to++;
        }

        _ranges.RemoveRange(from, to - from);
        _ranges.Insert(from, new SequenceRange(first, last));
    }

    /// <summary>Takes a range out, where it is in.</summary>
    public void Remove(long first, long last)
    {
        for (int at = Math.Max(IndexOfLastFrom(first), 0); at < _ranges.Count && _ranges[at].First <= last;)
        {
            SequenceRange range = _ranges[at];
            if (range.Last < first)
            {
                at++;
                continue;
            }

            _ranges.RemoveAt(at);
            if (range.First < first) _ranges.Insert(at++, new SequenceRange(range.First, first - 1));
            if (range.Last > last) _ranges.Insert(at++, new SequenceRange(last + 1, range.Last));
        }
    }

    /// <summary>Takes the lowest range out.</summary>
    public SequenceRange TakeFirst()
    {
        SequenceRange first = _ranges[0];
        _ranges.RemoveAt(0);
        return first;
    }

    /// <summary>The parts of these ranges that lie within another, at most <paramref name="limit"/>.</summary>
    public List<SequenceRange> Within(long first, long last, int limit)
    {
        var parts = new List<SequenceRange>();
        for (int at = Math.Max(IndexOfLastFrom(first), 0); at < _ranges.Count && _ranges[at].First <= last && parts.Count < limit; at++)
        {
            if (_ranges[at].Last >= first) parts.Add(new SequenceRange(Math.Max(first, _ranges[at].First), Math.Min(last, _ranges[at].Last)));
        }

        return parts;
    }

    // The last range that begins at or below a number; -1 when all begin above it.
    private int IndexOfLastFrom(long number)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].First <= number) low = middle + 1;
            else high = middle - 1;
        }

        return high;
    }
}
