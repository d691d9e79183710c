namespace ClawMesh.Edge.BootRig;

/// <summary>
/// The disk that holds the node's state. At a power cut it loses what a disk with a volatile cache may lose: any of the blocks written since
/// the last flush (<see cref="WriteLog"/>). Without <paramref name="volatileCache"/> it loses only what the guest had not handed to it yet.
/// </summary>
internal sealed class DataDisk(string folder, bool volatileCache)
{
    private const long Size = 64L << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private string Image => Path.Combine(folder, "data.ext4");

    private string Before => Path.Combine(folder, "data-before.ext4");

    private string Log => Path.Combine(folder, "data.log");

    /// <summary>A file system that holds the files of a folder.</summary>
    public void Create(string files)
    {
        Directory.CreateDirectory(folder);
        File.Delete(Image);
        using (FileStream image = File.Create(Image)) image.SetLength(Size);
        Tool.Run(Limit, "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-J", "size=4", "-E", "lazy_itable_init=0,root_owner=0:0,nodiscard", "-d", files, Image).OrThrow("mke2fs");
    }

    /// <summary>QEMU's arguments for the next boot.</summary>
    public IEnumerable<string> Arguments()
    {
        if (!volatileCache) return ["-drive", $"file={Image},format=raw,if=none,id=data,cache=writeback", "-device", "virtio-blk-pci,drive=data"];
        File.Copy(Image, Before, overwrite: true);
        File.Delete(Log);
        using (FileStream log = File.Create(Log)) log.SetLength(1L << 30);
        return
        [
            "-blockdev", $"driver=file,filename={Image},node-name=data-file", "-blockdev", $"driver=file,filename={Log},node-name=data-log",
            "-blockdev", "driver=blklogwrites,file=data-file,log=data-log,node-name=data", "-device", "virtio-blk-pci,drive=data,discard=off,write-zeroes=off",
        ];
    }

    /// <summary>After the machine was cut off: the disk becomes what is left on it.</summary>
    public CutLoss Settle(Random chance)
    {
        if (!volatileCache) return default;
        File.Move(Before, Image, overwrite: true);
        return WriteLog.Replay(Log, Image, chance);
    }

    /// <summary>The files as a look from outside finds them, on a copy whose file system was repaired. The disk itself is left to the next boot.</summary>
    /// <returns>What the repair found wrong beyond the journal it replays; empty when nothing.</returns>
    public string Unpack(string into)
    {
        string copy = Path.Combine(folder, "data-look.ext4");
        File.Copy(Image, copy, overwrite: true);
        ToolResult repair = Tool.Run(Limit, "e2fsck", "-f", "-p", copy);
        if (Directory.Exists(into)) Directory.Delete(into, recursive: true);
        Directory.CreateDirectory(into);
        Tool.Run(Limit, "debugfs", "-R", $"rdump / {into}", copy).OrThrow("debugfs");
        File.Delete(copy);
        return repair.Status is 0 or 1 ? "" : $"e2fsck ended with {repair.Status}: {repair.Output.Trim()}";
    }
}
