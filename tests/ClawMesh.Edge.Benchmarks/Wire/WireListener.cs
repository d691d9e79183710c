using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>Waits for a target's static dial to <c>load-c</c>. What else knocks, or knocks too early, is sent away.</summary>
internal sealed class WireListener : IAsyncDisposable
{
    private readonly LoadIdentity _self;
    private readonly WireMesh _mesh;
    private readonly TcpListener _listener;
    private readonly Task _accepting;
    private volatile Wanted? _wanted;

    public WireListener(int port, LoadIdentity self, WireMesh mesh)
    {
        (_self, _mesh) = (self, mesh);
        _listener = new TcpListener(IPAddress.Any, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAllAsync();
    }

    public int Port { get; }

    /// <summary>The next session that a device opens to us; null after the limit. Delays of a target's dialler reach 36 s ([W-42]).</summary>
    public async Task<WireSession?> WaitForAsync(string deviceId, TimeSpan limit)
    {
        var wanted = new Wanted(deviceId);
        _wanted = wanted;
        try
        {
            return await wanted.Came.Task.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            // The caller says what the operator of the target forgot.
            return null;
        }
        finally
        {
            _wanted = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAllAsync()
    {
        try
        {
            while (true) _ = WelcomeAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            // Disposed.
            return;
        }
    }

    private async Task WelcomeAsync(Socket socket)
    {
        socket.NoDelay = true;
        var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (_wanted is { } wanted && await UpgradeAsync(stream) && await WireSession.AcceptAsync(stream, _self, _mesh) is { } session)
            {
                if (session.PeerId == wanted.DeviceId && wanted.Came.TrySetResult(session)) return;
                await session.DisposeAsync();
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException)
        {
            // It dials again.
            socket.Dispose();
        }

        await stream.DisposeAsync();
    }

    private static async Task<bool> UpgradeAsync(NetworkStream stream)
    {
        byte[] head = new byte[8192];
        int length = 0;
        while (!head.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            int read = await stream.ReadAsync(head.AsMemory(length));
            if (read == 0 || length + read == head.Length) return false;
            length += read;
        }

        const string KeyName = "Sec-WebSocket-Key:";
        string? key = Encoding.ASCII.GetString(head, 0, length).Split("\r\n").FirstOrDefault(l => l.StartsWith(KeyName, StringComparison.OrdinalIgnoreCase))?[KeyName.Length..].Trim();
        if (key is null) return false;
#pragma warning disable CA5350 // RFC 6455 names SHA-1; it secures nothing here.
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
        return true;
    }

    private sealed class Wanted(string deviceId)
    {
        public string DeviceId => deviceId;

        public TaskCompletionSource<WireSession> Came { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
