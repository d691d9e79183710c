using System.Globalization;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Who listens on a TCP port.</summary>
/// <param name="ProcessId">0 when the process belongs to another user, whose descriptors we may not see.</param>
/// <param name="Name">The process's <c>comm</c>, at most 15 characters; empty when not known.</param>
/// <param name="UserId">The user who opened the socket.</param>
public sealed record PortHolder(int ProcessId, string Name, uint UserId)
{
    // net/tcp_states.h
    private const string ListenState = "0A";

    /// <summary>The holder of a listening TCP port in this network namespace, IPv4 or IPv6; null when nobody listens. Never throws.</summary>
    /// <param name="root">Where the file system begins; tests give a fixture tree.</param>
    /// <remarks>Walks all processes: some milliseconds. Format of <c>/proc/net/tcp</c>: Documentation/networking/proc_net_tcp.rst.</remarks>
    public static PortHolder? Find(int tcpPort, string root = "/")
    {
        string port = tcpPort.ToString("X4", CultureInfo.InvariantCulture);
        if ((Listener(Path.Combine(root, "proc/net/tcp"), port) ?? Listener(Path.Combine(root, "proc/net/tcp6"), port)) is not { } socket) return null;

        string link = $"socket:[{socket.Inode}]";
        foreach (string process in Entries(Path.Combine(root, "proc")))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)) continue;
            foreach (string descriptor in Entries(Path.Combine(process, "fd")))
            {
                if (LinkOf(descriptor) == link) return new PortHolder(pid, CommOf(process), socket.UserId);
            }
        }

        return new PortHolder(0, "", socket.UserId);
    }

    /// <summary>For an error message: <c>pid 812 (node)</c>.</summary>
    public override string ToString() => ProcessId == 0
        ? string.Create(CultureInfo.InvariantCulture, $"a process of user {UserId}")
        : string.Create(CultureInfo.InvariantCulture, $"pid {ProcessId} ({Name})");

    private static (string Inode, uint UserId)? Listener(string table, string port)
    {
        foreach (string line in Lines(table))
        {
            // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[3] == ListenState && fields[1].EndsWith($":{port}", StringComparison.Ordinal)
                && uint.TryParse(fields[7], NumberStyles.None, CultureInfo.InvariantCulture, out uint userId))
            {
                return (fields[9], userId);
            }
        }

        return null;
    }

    // Processes come and go while we look, and many may not be looked at: whatever fails here just is not the holder.
    private static string[] Entries(string directory)
    {
        try
        {
            return Directory.GetFileSystemEntries(directory);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? LinkOf(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string CommOf(string process) => Lines(Path.Combine(process, "comm")) is [var comm, ..] ? comm : "";
}
