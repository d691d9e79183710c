namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>
/// The segments on disk as one ring of fixed size: what is written goes to the newest, and before it would grow too large the oldest
/// is removed. A start goes on in the newest segment, so that a node that starts again and again does not push its history out.
/// </summary>
internal sealed class SegmentRing(IRecorderDisk disk, long maxBytes)
{
    private const int Segments = 16;

    /// <summary>Of the largest ring that can be configured.</summary>
    public const long LargestSegment = 1024L * 1024 * 1024 / Segments;

    private readonly List<RecorderSegment> _known = [];
    private bool _open;

    /// <summary>At most this long; a sixteenth of the whole, so that so much goes at once.</summary>
    public long SegmentBytes { get; } = maxBytes / Segments;

    /// <summary>Appends records.</summary>
    /// <param name="layout">The record that says what the others count by: first in each segment, and in what a new life writes.</param>
    public void Append(ReadOnlySpan<byte> records, ReadOnlySpan<byte> layout)
    {
        try
        {
            bool first = !_open;
            if (first) Open();
            if (_known.Count == 0 || _known[^1].Bytes + layout.Length + records.Length > SegmentBytes)
            {
                _known.Add(new RecorderSegment(_known.Count == 0 ? 1 : _known[^1].Number + 1, 0));
                first = true;
            }

            MakeRoom(records.Length + layout.Length);
            if (first) Write(layout);
            Write(records);
        }
        catch
        {
            // What lies there now is not known: part of a write may have arrived.
            _open = false;
            throw;
        }
    }

    private void Open()
    {
        _known.Clear();
        try
        {
            _known.AddRange(disk.Segments());
        }
        catch (DirectoryNotFoundException)
        {
            // The first start; the first segment makes it.
            _known.Clear();
        }

        _open = true;
    }

    private void MakeRoom(int bytes)
    {
        long total = bytes;
        foreach (RecorderSegment segment in _known) total += segment.Bytes;
        while (total > maxBytes && _known.Count > 1)
        {
            disk.Delete(_known[0].Number);
            total -= _known[0].Bytes;
            _known.RemoveAt(0);
        }
    }

    private void Write(ReadOnlySpan<byte> data)
    {
        disk.Append(_known[^1].Number, data);
        _known[^1] = _known[^1] with { Bytes = _known[^1].Bytes + data.Length };
    }
}
