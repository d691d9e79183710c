using System.Net.Sockets;
using System.Text;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// Speaks to systemd's journal in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram per entry, a line per field.
/// An entry beyond what one datagram takes is not sent; whoever writes entries bounds them.
/// </summary>
public sealed class JournalSocket(string path) : IDisposable
{
    /// <summary>Where systemd-journald listens.</summary>
    public const string SystemPath = "/run/systemd/journal/socket";

    /// <summary>Fits the smallest send buffer in use (net.core.wmem_default is 208 KiB) with room to spare.</summary>
    public const int MaxEntry = 48 * 1024;

    // A journal that is stuck must not keep its writer for ever; the writer's queue is bounded and counts what it loses.
    private const int SendTimeoutMs = 1_000;

    private Socket? _socket;

    /// <summary>
    /// Whether one of this process's outputs is the stream that systemd connected to its journal: <c>JOURNAL_STREAM</c> holds device and
    /// inode of it (systemd.exec(5)). All sockets are of one device, so that the inode of a socket says it alone.
    /// </summary>
    /// <param name="journalStream">The variable's value.</param>
    public static bool IsStream(string? journalStream, string descriptors = "/proc/self/fd")
    {
        if (journalStream?.Split(':') is not [_, { Length: > 0 } inode]) return false;
        string wanted = $"socket:[{inode}]";
        return LinkOf("1") == wanted || LinkOf("2") == wanted;

        string? LinkOf(string descriptor)
        {
            try
            {
                return new FileInfo(Path.Combine(descriptors, descriptor)).LinkTarget;
            }
            catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Appends one field. A value with a line break goes by length, as the protocol has it.</summary>
    /// <param name="name">Capital letters, digits and underscores, not beginning with an underscore.</param>
    public static void Field(Stream entry, string name, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        entry.Write(Encoding.ASCII.GetBytes(name));
        if (bytes.AsSpan().Contains((byte)'\n'))
        {
            Span<byte> length = stackalloc byte[8];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)bytes.Length);
            entry.WriteByte((byte)'\n');
            entry.Write(length);
        }
        else
        {
            entry.WriteByte((byte)'=');
        }

        entry.Write(bytes);
        entry.WriteByte((byte)'\n');
    }

    /// <summary>False when the journal did not take it: nobody listens, or the entry is too long.</summary>
    public bool TrySend(ReadOnlySpan<byte> entry)
    {
        if (entry.Length > MaxEntry) return false;
        try
        {
            _socket ??= Connect();
            _socket.Send(entry, SocketFlags.None, out SocketError error);
            if (error == SocketError.Success) return true;
        }
        catch (SocketException)
        {
            // Said by the answer.
        }

        // The next entry tries again, because journald may have been started anew.
        _socket?.Dispose();
        _socket = null;
        return false;
    }

    public void Dispose() => _socket?.Dispose();

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.SendTimeout = SendTimeoutMs;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
