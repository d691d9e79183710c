using System.Net.Sockets;
using System.Net.WebSockets;
using System.Net;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Hardware.Linux;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClawMesh.Edge.Agent.Port;

/// <summary>
/// The mesh port: WebSocket on any path, no compression ([W-4], [W-5], [W-7]). Until the mesh arrives nobody can authenticate here,
/// so it answers what a program on this machine may read without proof ([X-69], [X-70]) and <c>mesh.ping</c>.
/// </summary>
internal sealed class MeshPort : IAsyncDisposable
{
    /// <summary>Largest message over all fragments ([W-9]).</summary>
    private const int MaxMessageBytes = 1_048_576;

    /// <summary>Sockets without a session in total, and per remote address ([W-154]).</summary>
    private const int MaxSockets = 64;
    private const int MaxSocketsPerAddress = 8;

    /// <summary>Messages per minute on a socket without a session ([W-154]).</summary>
    private const int MessagesPerMinute = 60;

    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    private readonly WebApplication _app;
    private readonly RpcDispatcher _rpc;
    private readonly NodeOptions _options;
    private readonly IEventSink _events;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _open = [];
    private int _openTotal;

    private MeshPort(WebApplication app, RpcDispatcher rpc, NodeOptions options, IEventSink events, TimeProvider time) =>
        (_app, _rpc, _options, _events, _time) = (app, rpc, options, events, time);

    /// <summary>Address and port in use, e.g. <c>0.0.0.0:18789</c>.</summary>
    public string Endpoint { get; private set; } = "";

    /// <exception cref="EdgeException"><c>node.port_busy</c>, naming the holder.</exception>
    public static async Task<MeshPort> StartAsync(NodeOptions options, RpcDispatcher rpc, IEventSink events, TimeProvider time)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 256;
            kestrel.Limits.MaxConcurrentUpgradedConnections = MaxSockets;
            kestrel.Limits.RequestHeadersTimeout = HandshakeLimit;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(IPAddress.Parse(options.Host), options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication app = builder.Build();
        var port = new MeshPort(app, rpc, options, events, time);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30) });
        app.Run(port.ServeAsync);
        try
        {
            await app.StartAsync();
        }
        catch (IOException busy) when (busy.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await app.DisposeAsync();
            string holder = PortHolder.Find(options.Port)?.ToString() ?? "another process";
            throw new EdgeException(
                ErrorCodes.PortBusy, $"Could not listen on {options.Host}:{options.Port}.", $"The port is held by {holder}.",
                "Stop that process, or choose another port with --listen HOST:PORT.", FailureClass.Config, busy);
        }

        catch (SocketException failed)
        {
            await app.DisposeAsync();
            throw new EdgeException(
                ErrorCodes.CannotListen, $"Could not listen on {options.Host}:{options.Port}.", failed.Message,
                "Choose an address of this machine and a port this user may open, with --listen HOST:PORT.", FailureClass.Config, failed);
        }

        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        port.Endpoint = new Uri(address.Replace("[::]", "[::1]", StringComparison.Ordinal)) is { Port: var bound } ? $"{options.Host}:{bound}" : address;
        return port;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ServeAsync(HttpContext http)
    {
        // Browsers can open sockets to loopback from any page; tools and peers never send Origin ([X-68]).
        string origin = http.Request.Headers.Origin.ToString();
        if (origin.Length > 0 && !_options.AllowedOrigins.Contains(origin))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (!http.WebSockets.IsWebSocketRequest)
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            http.Response.Headers.Upgrade = "websocket";
            return;
        }

        IPAddress remote = http.Connection.RemoteIpAddress ?? IPAddress.None;
        if (!Enter(remote))
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        try
        {
            using WebSocket socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { DangerousEnableCompression = false });
            bool allowance = IPAddress.IsLoopback(remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote)
                && !http.Request.Headers.ContainsKey("Forwarded") && !http.Request.Headers.ContainsKey("X-Forwarded-For");
            await ConverseAsync(socket, allowance);
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or OperationCanceledException)
        {
            // The other end hung up, or the node stops.
            return;
        }
        finally
        {
            Leave(remote);
        }
    }

    private async Task ConverseAsync(WebSocket socket, bool allowance)
    {
        // Without an allowance nothing can come of this socket in this version: it gets its ten seconds ([W-15]).
        using var limit = new CancellationTokenSource(allowance ? Timeout.InfiniteTimeSpan : HandshakeLimit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        var budget = new SlidingWindow(MessagesPerMinute, TimeSpan.FromMinutes(1), _time);
        byte[] buffer = new byte[4096];
        using var message = new MemoryStream();
        while (socket.State == WebSocketState.Open)
        {
            WebSocketReceiveResult part;
            try
            {
                part = await socket.ReceiveAsync(buffer, both.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                await CloseAsync(socket, WebSocketCloseStatus.PolicyViolation, "no session in time");
                return;
            }

            if (part.MessageType == WebSocketMessageType.Close)
            {
                await CloseAsync(socket, WebSocketCloseStatus.NormalClosure, "");
                return;
            }

            if (part.MessageType == WebSocketMessageType.Binary)
            {
                await CloseAsync(socket, WebSocketCloseStatus.InvalidMessageType, "text messages only");
                return;
            }

            message.Write(buffer, 0, part.Count);
            if (message.Length > MaxMessageBytes)
            {
                await CloseAsync(socket, WebSocketCloseStatus.MessageTooBig, "at most 1048576 bytes");
                return;
            }

            if (!part.EndOfMessage) continue;
            if (!budget.TryTake())
            {
                // 1013, try again later: not in the enumeration.
                await CloseAsync(socket, (WebSocketCloseStatus)1013, "too many messages without a session");
                return;
            }

            byte[]? answer = allowance
                ? await _rpc.HandleAsync(message.ToArray(), new RpcCaller(RpcTier.Loopback, "loopback"), _stop.Token)
                : await _rpc.HandleAsync(message.ToArray(), new RpcCaller(RpcTier.Stranger, "stranger"), _stop.Token);
            message.SetLength(0);
            if (answer is not null) await socket.SendAsync(answer, WebSocketMessageType.Text, endOfMessage: true, _stop.Token);
        }
    }

    private static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string reason)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await socket.CloseOutputAsync(status, reason, limit.Token);
    }

    private bool Enter(IPAddress remote)
    {
        lock (_lock)
        {
            int here = _open.GetValueOrDefault(remote);
            if (_openTotal >= MaxSockets || here >= MaxSocketsPerAddress)
            {
                _events.Publish(new EdgeEvent(
                    0, default, EventTypes.Error, EventSeverity.Warning, "mesh port",
                    $"A connection from {remote} was turned away: {_openTotal} sockets without a session are open, {here} of them from there.", FailureClass.Budget));
                return false;
            }

            _open[remote] = here + 1;
            _openTotal++;
            return true;
        }
    }

    private void Leave(IPAddress remote)
    {
        lock (_lock)
        {
            _openTotal--;
            if (--_open[remote] == 0) _open.Remove(remote);
        }
    }
}
