namespace ClawMesh.Edge.Journal.Chain;

/// <summary>Where the head is kept. A port, so that a test can make it fail.</summary>
internal interface IHeadFile
{
    /// <summary>Null when there is none.</summary>
    byte[]? Read();

    /// <summary>Replaces the head; on disk when the call returns. The old one stands until then.</summary>
    void Write(byte[] json);
}

/// <summary><c>edge.db.head</c>: written beside it, flushed, renamed over it.</summary>
internal sealed class HeadFile(string path) : IHeadFile
{
    private const int MaxBytes = 4096;
    private const UnixFileMode ReadableByGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public byte[]? Read()
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] bytes = new byte[Math.Min(file.Length, MaxBytes)];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public void Write(byte[] json)
    {
        string temporary = path + ".tmp";
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0, UnixCreateMode = ReadableByGroup,
        };
        using var file = new FileStream(temporary, options);
        file.Write(json);
        file.Flush(flushToDisk: true);
        File.Move(temporary, path, overwrite: true);

        // The rename itself must be on disk before the next record is, or the head could lag by two after a power cut.
        // Renaming changes the file's inode, so flushing the file again commits the rename; .NET cannot flush a directory.
        file.Flush(flushToDisk: true);
    }
}
