using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

/// <summary>A TLS server on the loopback that takes one connection and remembers the application bytes it was sent.</summary>
internal sealed class TlsBench : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TcpClient _client = new();
    private readonly X509Certificate2 _certificate;

    public TlsBench(X509Certificate2 certificate)
    {
        _certificate = certificate;
        _listener.Start();
    }

    public static string Fingerprint(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    public static X509Certificate2 SelfSigned(string name) => Sign(name, isAuthority: false, issuer: null);

    public static X509Certificate2 Authority() => Sign("test authority", isAuthority: true, issuer: null);

    public static X509Certificate2 SignedBy(X509Certificate2 authority, string name) => Sign(name, isAuthority: false, authority);

    public async Task<Stream> ConnectAsync()
    {
        await _client.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, TestContext.Current.CancellationToken);
        return _client.GetStream();
    }

    /// <summary>The bytes that arrived inside TLS until the client went away or broke the handshake off.</summary>
    public async Task<byte[]> ServeAsync()
    {
        using TcpClient accepted = await _listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var tls = new SslStream(accepted.GetStream());
        using var received = new MemoryStream();
        try
        {
            await tls.AuthenticateAsServerAsync(_certificate);
            await tls.CopyToAsync(received, TestContext.Current.CancellationToken);
        }
        catch (Exception ended) when (ended is AuthenticationException or IOException)
        {
            // The client's alert; what came before it counts.
            return received.ToArray();
        }

        return received.ToArray();
    }

    public void Dispose()
    {
        _client.Dispose();
        _listener.Dispose();
    }

    private static X509Certificate2 Sign(string name, bool isAuthority, X509Certificate2? issuer)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name.Replace(' ', '-'));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true));
        DateTimeOffset from = DateTimeOffset.UnixEpoch.AddYears(50);
        if (issuer is null) return request.CreateSelfSigned(from, from.AddYears(79));
        using X509Certificate2 signed = request.Create(issuer, from, from.AddYears(78), [1, 2, 3, 4]);
        return signed.CopyWithPrivateKey(key);
    }
}
