using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// TLS 1.2 and 1.3 on a listening endpoint. Kestrel's own HTTPS brings HTTP/2, protocol negotiation and certificate selection; one
/// certificate and one protocol need none of it.
/// </summary>
public static class TlsListener
{
    /// <summary>For the handshake alone; the upgrade has its own limit ([W-15]).</summary>
    public static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(2);

    /// <summary>Every connection of <paramref name="listen"/> speaks TLS and carries a <see cref="TlsFeature"/>.</summary>
    /// <param name="certificate">With its private key; lives as long as the endpoint, owned by the caller.</param>
    public static void Use(ListenOptions listen, X509Certificate2 certificate, TimeProvider time)
    {
        var feature = new TlsFeature(SHA256.HashData(certificate.RawDataMemory.Span));
        var options = new SslServerAuthenticationOptions
        {
            // Offline: nobody is asked for intermediate certificates or revocation lists; a field node may have no way there.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            AllowTlsResume = false,
        };
        listen.Use(next => connection => ServeAsync(connection, next, feature, options, time));
    }

    private static async Task ServeAsync(
        ConnectionContext connection, ConnectionDelegate next, TlsFeature feature, SslServerAuthenticationOptions options, TimeProvider time)
    {
        IDuplexPipe plain = connection.Transport;
        await using var tls = new SslStream(new DuplexStream(plain.Input.AsStream(leaveOpen: true), plain.Output.AsStream(leaveOpen: true)));
        try
        {
            using var limit = new CancellationTokenSource(HandshakeLimit, time);
            await tls.AuthenticateAsServerAsync(options, limit.Token);
        }
        catch (Exception failed) when (failed is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException)
        {
            // Scanners and plain-text callers knock on every port; returning ends the connection.
            return;
        }

        var pipe = new StreamPipe(tls);
        connection.Features.Set(feature);
        connection.Transport = pipe;
        try
        {
            await next(connection);
            await pipe.Output.CompleteAsync();
            await tls.ShutdownAsync().WaitAsync(ShutdownLimit, time);
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException or TimeoutException)
        {
            // The farewell is a courtesy to an end that may have left already.
            return;
        }
        finally
        {
            await pipe.Input.CompleteAsync();
            connection.Transport = plain;
        }
    }

    private sealed class StreamPipe(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}

/// <summary>A feature of connections that speak TLS.</summary>
/// <param name="certificateHash">SHA-256 of the DER of this node's certificate, 32 bytes: the binding of .</param>
public sealed class TlsFeature(byte[] certificateHash)
{
    public byte[] CertificateHash => certificateHash;
}
