using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public sealed class TlsListenerTests
{
    [Fact]
    [Trait("spec", "X-65")]
    public async Task A_request_over_TLS_knows_the_hash_of_the_certificate_that_its_client_saw()
    {
        using X509Certificate2 certificate = TlsBench.SelfSigned("node.test");
        await using var server = await Server.StartAsync(certificate, TimeProvider.System);

        using TcpClient tcp = await server.ConnectAsync();
        TlsLink link = await CertificatePin.AuthenticateAsync(tcp.GetStream(), "node.test", TlsBench.Fingerprint(certificate), TestContext.Current.CancellationToken);
        await using (link.Stream)
        {
            await link.Stream.WriteAsync("GET / HTTP/1.0\r\nHost: node.test\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            using var reader = new StreamReader(link.Stream, Encoding.ASCII);
            // Read to its end: the server says goodbye inside TLS.
            Assert.EndsWith("\r\n\r\n" + Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)), await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_plain_text_caller_is_hung_up_on_and_reaches_no_handler()
    {
        using X509Certificate2 certificate = TlsBench.SelfSigned("node.test");
        await using var server = await Server.StartAsync(certificate, TimeProvider.System);

        using TcpClient tcp = await server.ConnectAsync();
        await tcp.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: node.test\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.DoesNotContain("HTTP/1.1", await RestAsync(tcp), StringComparison.Ordinal);
        Assert.Equal(0, server.Requests);
    }

    [Fact]
    [Trait("spec", "W-15")]
    public async Task A_caller_that_does_not_begin_the_handshake_is_hung_up_on()
    {
        var time = new ManualTime();
        using X509Certificate2 certificate = TlsBench.SelfSigned("node.test");
        await using var server = await Server.StartAsync(certificate, time);

        using TcpClient tcp = await server.ConnectAsync();
        Task<string> rest = RestAsync(tcp);
        // The server arms its limit when it gets to this connection; until then an advance meets no timer.
        while (!rest.IsCompleted)
        {
            time.Advance(TlsListener.HandshakeLimit);
            await Task.Yield();
        }

        Assert.Equal("", await rest);
    }

    private static async Task<string> RestAsync(TcpClient tcp)
    {
        using var received = new MemoryStream();
        try
        {
            await tcp.GetStream().CopyToAsync(received, TestContext.Current.CancellationToken);
        }
        catch (IOException reset)
        {
            Assert.IsType<SocketException>(reset.InnerException);
        }

        return Encoding.Latin1.GetString(received.ToArray());
    }

    private sealed class Server(KestrelServer kestrel) : IHttpApplication<IFeatureCollection>, IAsyncDisposable
    {
        private int _requests;

        public int Requests => _requests;

        public static async Task<Server> StartAsync(X509Certificate2 certificate, TimeProvider time)
        {
            var options = new KestrelServerOptions();
            options.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                TlsListener.Use(listen, certificate, time);
            });
            var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
            var server = new Server(new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance));
            await server.ListenAsync();
            return server;
        }

        public async Task<TcpClient> ConnectAsync()
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, new Uri(kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port, TestContext.Current.CancellationToken);
            return client;
        }

        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public async Task ProcessRequestAsync(IFeatureCollection context)
        {
            Interlocked.Increment(ref _requests);
            await context.Get<IHttpResponseBodyFeature>()!.Stream.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(context.Get<TlsFeature>()!.CertificateHash)));
        }

        public void DisposeContext(IFeatureCollection context, Exception? exception) => Assert.Null(exception);

        public async ValueTask DisposeAsync()
        {
            await kestrel.StopAsync(TestContext.Current.CancellationToken);
            kestrel.Dispose();
        }

        private Task ListenAsync() => kestrel.StartAsync(this, TestContext.Current.CancellationToken);
    }
}
