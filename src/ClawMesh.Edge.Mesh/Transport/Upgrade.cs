using System.Security.Cryptography;
using System.Text;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>The HTTP/1.1 upgrade of RFC 6455, as much as both ends need. No extension is offered and none is accepted ([W-7]).</summary>
internal static class Upgrade
{
    private const int MaxResponseBytes = 8 * 1024;

    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>The value of <c>Sec-WebSocket-Accept</c> for a key. SHA-1 is the RFC's choice and secures nothing here.</summary>
#pragma warning disable CA5350
    public static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));
#pragma warning restore CA5350

    /// <summary>Asks the server at the other end of <paramref name="stream"/>; returns when the stream speaks web socket.</summary>
    /// <param name="key">16 random bytes.</param>
    /// <exception cref="IOException">It did not agree; the message says what it answered.</exception>
    public static async Task RequestAsync(Stream stream, Uri url, byte[] key, CancellationToken cancellationToken)
    {
        string keyText = Convert.ToBase64String(key);
        string path = url.PathAndQuery.Length == 0 ? "/" : url.PathAndQuery;
        string request = $"GET {path} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {keyText}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        await stream.FlushAsync(cancellationToken);

        string[] lines = (await ReadHeadAsync(stream, cancellationToken)).Split("\r\n");
        string[] status = lines[0].Split(' ', 3);
        if (status.Length < 2 || status[1] != "101") throw new IOException($"The server answered '{(lines[0].Length > 80 ? lines[0][..80] : lines[0])}' to the upgrade.");
        string? accepted = null;
        foreach (string line in lines)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) continue;
            string name = line[..colon].Trim();
            if (name.Equals("Sec-WebSocket-Accept", StringComparison.OrdinalIgnoreCase)) accepted = line[(colon + 1)..].Trim();
            if (name.Equals("Sec-WebSocket-Extensions", StringComparison.OrdinalIgnoreCase)) throw new IOException("The server answered with an extension that was not offered.");
        }

        if (accepted != Accept(keyText)) throw new IOException("The server's answer to the upgrade does not belong to our request.");
    }

    // One byte at a time: what follows the head belongs to the web socket and must stay in the stream.
    private static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] head = new byte[MaxResponseBytes];
        for (int length = 0; length < head.Length; length++)
        {
            if (await stream.ReadAsync(head.AsMemory(length, 1), cancellationToken) == 0) throw new IOException("The server closed the connection during the upgrade.");
            if (length >= 3 && head[length] == '\n' && head[length - 1] == '\r' && head[length - 2] == '\n') return Encoding.ASCII.GetString(head, 0, length + 1);
        }

        throw new IOException($"The server's answer to the upgrade is longer than {MaxResponseBytes} bytes.");
    }
}
