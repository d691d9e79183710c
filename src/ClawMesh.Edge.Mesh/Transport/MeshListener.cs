using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>What the listener is told.</summary>
/// <param name="Port">0 lets the kernel choose.</param>
/// <param name="Certificate">Speaks TLS when present.</param>
public sealed record ListenOptionsOfMesh(string Host, int Port, IReadOnlyList<string> AllowedOrigins, X509Certificate2? Certificate, SendLimits SendLimits)
{
    /// <summary>Sockets without a session in total, and per remote address ([W-154]).</summary>
    public int MaxStrangers { get; init; } = 64;

    public int MaxStrangersPerAddress { get; init; } = 8;

    /// <summary>Connections in total, sessions included.</summary>
    public int MaxConnections { get; init; } = 256;
}

/// <summary>The mesh port on Kestrel: a web socket on any path, no compression ([W-4], [W-5], [W-7]).</summary>
public sealed class MeshListener : IAsyncDisposable
{
    // Any of them says that the caller is not the one at the other end of the socket ([X-70]).
    private static readonly string[] ProxyHeaders = ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"];

    private readonly KestrelServer _server;
    private readonly ListenOptionsOfMesh _options;
    private readonly Func<ILink, ILinkUser> _opened;
    private readonly TimeProvider _time;
    private readonly IEventSink _events;
    private readonly Action _tooLarge;
    private readonly Action _turnedAway;
    private readonly Func<IPAddress, (int Total, int Here)> _strangers;
    private readonly CancellationTokenSource _stop = new();

    // A stranger that tries all day must not push everything else out of the events.
    private readonly TokenBucket _turnedAwayTold;

    private MeshListener(KestrelServer server, ListenOptionsOfMesh options, Func<ILink, ILinkUser> opened, Func<IPAddress, (int, int)> strangers, IEventSink events, Action tooLarge, Action turnedAway, TimeProvider time) =>
        (_server, _options, AllowedOrigins, _opened, _strangers, _events, _tooLarge, _turnedAway, _time, _turnedAwayTold) = (server, options, options.AllowedOrigins, opened, strangers, events, tooLarge, turnedAway, time, new TokenBucket(time, 0.02, 5));

    /// <summary>Web pages that may connect; counts for the next one that asks.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; }

    /// <summary>Address and port in use, e.g. <c>0.0.0.0:18789</c>.</summary>
    public string Endpoint { get; private set; } = "";

    /// <param name="opened">Takes each accepted link.</param>
    /// <param name="strangers">How many connections without a session are open, in total and from an address.</param>
    /// <param name="turnedAway">Called for each that was one too many.</param>
    /// <exception cref="IOException">The port is taken; the inner exception is an <see cref="AddressInUseException"/>.</exception>
    /// <exception cref="SocketException">The address cannot be listened on.</exception>
    public static async Task<MeshListener> StartAsync(
        ListenOptionsOfMesh options, Func<ILink, ILinkUser> opened, Func<IPAddress, (int Total, int Here)> strangers, IEventSink events, Action tooLarge, Action turnedAway, TimeProvider time)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        // A connection that says nothing holds one of the places ([W-15]); these are Kestrel's own clocks for it.
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Listen(IPAddress.Parse(options.Host), options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (options.Certificate is not null) TlsListener.Use(listen, options.Certificate, time);
        });
        // The server alone: a web application around it costs 1.4 MB of binary and nothing here asks for it.
        var server = new KestrelServer(
            Options.Create(kestrel), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
        var listener = new MeshListener(server, options, opened, strangers, events, tooLarge, turnedAway, time);
        try
        {
            await server.StartAsync(new Requests(listener), CancellationToken.None);
        }
        catch
        {
            server.Dispose();
            throw;
        }

        string address = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        listener.Endpoint = $"{options.Host}:{new Uri(address.Replace("[::]", "[::1]", StringComparison.Ordinal)).Port}";
        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        await _server.StopAsync(limit.Token);
        _server.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(IFeatureCollection http)
    {
        IHttpRequestFeature asked = http.Get<IHttpRequestFeature>()!;
        IHttpResponseFeature answer = http.Get<IHttpResponseFeature>()!;

        // Browsers can open sockets to loopback from any page; tools and peers never send Origin ([X-68]).
        string origin = asked.Headers.Origin.ToString();
        if (origin.Length > 0 && !AllowedOrigins.Contains(origin))
        {
            answer.StatusCode = StatusCodes.Status403Forbidden;
            answer.Headers.Connection = "close";
            return;
        }

        string key = asked.Headers.SecWebSocketKey.ToString();
        if (http.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade
            || !asked.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase)
            || asked.Headers.SecWebSocketVersion != "13" || asked.Method != "GET" || key.Length != 24)
        {
            answer.StatusCode = StatusCodes.Status426UpgradeRequired;
            answer.Headers.Upgrade = "websocket";
            answer.Headers.SecWebSocketVersion = "13";
            return;
        }

        IHttpConnectionFeature connection = http.Get<IHttpConnectionFeature>()!;
        IPAddress remote = connection.RemoteIpAddress ?? IPAddress.None;
        if (remote.IsIPv4MappedToIPv6) remote = remote.MapToIPv4();
        (int total, int here) = _strangers(remote);
        if (total >= _options.MaxStrangers || here >= _options.MaxStrangersPerAddress)
        {
            _turnedAway();
            if (_turnedAwayTold.TryTake()) _events.Publish(new EdgeEvent(
                0, default, EventTypes.Error, EventSeverity.Warning, "mesh port",
                $"A connection from {remote} was turned away: {total} sockets without a session are open, {here} of them from there.", FailureClass.Budget));
            answer.StatusCode = StatusCodes.Status503ServiceUnavailable;
            answer.Headers.Connection = "close";
            return;
        }

        bool forwarded = Array.Exists(ProxyHeaders, asked.Headers.ContainsKey);
        answer.StatusCode = StatusCodes.Status101SwitchingProtocols;
        answer.Headers.SecWebSocketAccept = Upgrade.Accept(key);
        answer.Headers.Connection = "Upgrade";
        answer.Headers.Upgrade = "websocket";
        Stream stream = await upgrade.UpgradeAsync();
        var facts = new LinkFacts(Dialled: false, $"{remote}:{connection.RemotePort}", remote, IPAddress.IsLoopback(remote) && !forwarded, http.Get<TlsFeature>()?.CertificateHash);
        await WebSocketLink.RunAsync(stream, facts, _options.SendLimits, _time, _opened, _tooLarge, _events, _stop.Token);
    }

    private sealed class Requests(MeshListener listener) : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public Task ProcessRequestAsync(IFeatureCollection context) => listener.ServeAsync(context);

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
            // The features are the server's.
        }
    }
}
