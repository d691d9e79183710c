using ClawMesh.Edge.Agent.Recorder;

namespace ClawMesh.Edge.Tests.Agent.Recorder;

/// <summary>Segments in memory, on a disk that can be full.</summary>
internal sealed class MemoryDisk : IRecorderDisk
{
    public SortedDictionary<long, List<byte>> Files { get; } = [];

    /// <summary>Appends throw; of each so many bytes arrive all the same.</summary>
    public bool Full { get; set; }

    public int TornAt { get; set; }

    public int Appends { get; private set; }

    /// <summary>A file that no node wrote, said to be so long; it is not to be read.</summary>
    public RecorderSegment? Foreign { get; set; }

    public long Bytes => Files.Values.Sum(f => (long)f.Count);

    public IReadOnlyList<RecorderSegment> Segments() => [.. Files.Select(f => new RecorderSegment(f.Key, f.Value.Count)), .. Foreign is { } foreign ? [foreign] : (RecorderSegment[])[]];

    public void Append(long number, ReadOnlySpan<byte> data)
    {
        Appends++;
        if (!Files.TryGetValue(number, out List<byte>? file)) Files[number] = file = [];
        file.AddRange(Full ? data[..Math.Min(TornAt, data.Length)] : data);
        if (Full) throw new IOException("No space left on device");
    }

    public void Delete(long number) => Files.Remove(number);

    public byte[] Read(long number) => [.. Files[number]];
}
