using System.Globalization;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Recorder;

internal sealed record RecorderSegment(long Number, long Bytes);

/// <summary>The folder of the segments. Every call may throw <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
internal interface IRecorderDisk
{
    /// <summary>Oldest first.</summary>
    IReadOnlyList<RecorderSegment> Segments();

    /// <summary>Adds to a segment, making it when it is new. Not synced: a record is not worth an erase cycle of an SD card.</summary>
    void Append(long number, ReadOnlySpan<byte> data);

    void Delete(long number);

    byte[] Read(long number);
}

/// <summary>Segments as files <c>recorder/00000001.rec</c> of the state directory.</summary>
internal sealed class RecorderFolder(string path) : IRecorderDisk
{
    private const string Ending = ".rec";

    public static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, "recorder");

    public IReadOnlyList<RecorderSegment> Segments()
    {
        var found = new List<RecorderSegment>();
        foreach (FileInfo file in new DirectoryInfo(path).EnumerateFiles("*" + Ending))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(file.Name), NumberStyles.None, CultureInfo.InvariantCulture, out long number)) found.Add(new RecorderSegment(number, file.Length));
        }

        found.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        return found;
    }

    public void Append(long number, ReadOnlySpan<byte> data)
    {
        Directory.CreateDirectory(path, UnixMode.OwnerOnlyDirectory);
        using var file = new FileStream(FileOf(number), new FileStreamOptions
        {
            Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0, UnixCreateMode = UnixMode.OwnerOnly,
        });
        file.Write(data);
    }

    public void Delete(long number) => File.Delete(FileOf(number));

    public byte[] Read(long number)
    {
        // A living node may be writing to it.
        using var file = new FileStream(FileOf(number), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        byte[] data = new byte[Math.Min(file.Length, SegmentRing.LargestSegment)];
        return data[..file.ReadAtLeast(data, data.Length, throwOnEndOfStream: false)];
    }

    private string FileOf(long number) => Path.Combine(path, number.ToString("00000000", CultureInfo.InvariantCulture) + Ending);
}
