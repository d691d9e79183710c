using System.Net;
using System.Net.Sockets;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>
/// Where an OpenAI-compatible server listens: plain http on this machine or in the local network. What is said there is not encrypted,
/// so no other address is spoken to, whatever a name resolves to.
/// </summary>
/// <param name="Path">Without a slash at its end: <c>/v1</c>.</param>
internal sealed record LlmEndpoint(string Host, int Port, string Path)
{
    /// <summary>For the <c>Host</c> header.</summary>
    public string Authority => $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";

    /// <summary>Null with a problem, in words that follow the name of the key, when it cannot be used.</summary>
    public static LlmEndpoint? Parse(string text, out string problem)
    {
        problem = "";
        if (text.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
            return No("asks for https, which is not spoken here: let the server listen on this machine or in the local network with http", out problem);
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme != "http" || url.Host.Length == 0 || url.Port is < 1 or > 65535)
            return No($"is '{text}'", out problem);
        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0) return No("holds a user, a query or a fragment", out problem);
        string host = url.DnsSafeHost;
        if (IPAddress.TryParse(host, out IPAddress? address) && !IsNear(address))
            return No($"names {host}, which is neither this machine nor the local network; plain http goes nowhere else", out problem);
        return new LlmEndpoint(host, url.Port, url.AbsolutePath.TrimEnd('/'));
    }

    /// <summary>Loopback, private (RFC 1918, RFC 4193) or link-local.</summary>
    public static bool IsNear(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return true;
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal;
        Span<byte> b = stackalloc byte[4];
        return address.TryWriteBytes(b, out int written) && written == 4
            && (b[0] == 10 || (b[0] == 172 && b[1] is >= 16 and <= 31) || (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254));
    }

    /// <exception cref="ModelServerException">Nobody answers, or the name leads elsewhere.</exception>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            IPAddress[] all = IPAddress.TryParse(Host, out IPAddress? literal) ? [literal] : await Dns.GetHostAddressesAsync(Host, cancellationToken);
            IPAddress[] near = Array.FindAll(all, IsNear);
            if (near.Length == 0) throw new ModelServerException($"'{Host}' is neither this machine nor in the local network");
            socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(near, Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException failed)
        {
            socket?.Dispose();
            throw new ModelServerException($"no connection with {Authority}: {failed.Message}", failed);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    private static LlmEndpoint? No(string why, out string problem)
    {
        problem = why;
        return null;
    }
}
