using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>Opens web sockets over TCP and TLS. A pin is enforced inside the TLS handshake, before any application byte ([W-14]).</summary>
/// <param name="newKey">16 random bytes for the upgrade.</param>
public sealed class MeshDialler(SendLimits limits, TimeProvider time, Func<byte[]> newKey, IEventSink events, Action tooLarge) : IDialler, IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly HashSet<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();

    public async Task DialAsync(StaticPeer peer, Func<ILink, ILinkUser> opened, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ConnectLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken, _stop.Token);
        (Stream Stream, LinkFacts Facts) connected;
        try
        {
            connected = await ConnectAsync(peer, both.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw Failed(peer, "No answer within 10 s.", null);
        }
        catch (Exception failed) when (failed is SocketException or IOException or AuthenticationException)
        {
            throw Failed(peer, failed.InnerException?.Message ?? failed.Message, failed);
        }

        Task running = WebSocketLink.RunAsync(connected.Stream, connected.Facts, limits, time, opened, tooLarge, events, _stop.Token);
        lock (_lock) _running.Add(running);
        _ = running.ContinueWith(
            ended =>
            {
                lock (_lock) _running.Remove(ended);
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task[] open;
        lock (_lock) open = [.. _running];
        await Task.WhenAll(open);
        _stop.Dispose();
    }

    private async Task<(Stream Stream, LinkFacts Facts)> ConnectAsync(StaticPeer peer, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            int port = peer.Url.IsDefaultPort ? peer.Url.Scheme == "wss" ? 443 : 80 : peer.Url.Port;
            await socket.ConnectAsync(peer.Url.DnsSafeHost, port, cancellationToken);
            IPAddress address = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            stream = new NetworkStream(socket, ownsSocket: true);
            byte[]? certificate = null;
            if (peer.Url.Scheme == "wss")
            {
                TlsLink tls = await CertificatePin.AuthenticateAsync(stream, peer.Url.DnsSafeHost, peer.Fingerprint, cancellationToken);
                (stream, certificate) = (tls.Stream, tls.CertificateHash);
            }

            await Upgrade.RequestAsync(stream, peer.Url, newKey(), cancellationToken);
            return (stream, new LinkFacts(Dialled: true, peer.UrlText, address, IPAddress.IsLoopback(address), certificate));
        }
        catch
        {
            if (stream is not null) await stream.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }

    private static EdgeException Failed(StaticPeer peer, string why, Exception? inner) => new(
        "mesh.dial_failed", $"Could not dial {peer.DeviceId.Abbreviated}… at {peer.UrlText}.", why,
        "Check that the peer runs and that address and port are right: `clawmesh-edge diag network`.", FailureClass.MeshPartition, inner);
}
