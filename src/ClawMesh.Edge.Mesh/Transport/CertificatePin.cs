using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>Local errors of the dialler; no word of the wire ([W-14]).</summary>
public static class TlsErrorCodes
{
    public const string PinMismatch = "TLS_PIN_MISMATCH";
}

/// <summary>
/// The dialler's judgement of a server certificate ([W-13], [W-14]). A configured pin decides alone, both ways; without one, the chain
/// and the host name do.
/// </summary>
public static class CertificatePin
{
    /// <summary>Whether the certificate is the pinned one. Constant time; false for a pin that is not 64 hex digits.</summary>
    /// <param name="fingerprintHex64">SHA-256 over the DER, normalised ([W-13]).</param>
    public static bool Matches(byte[] certificateDer, string fingerprintHex64) => HashMatches(SHA256.HashData(certificateDer), fingerprintHex64);

    /// <summary>
    /// Options of one handshake as a client. A difference fails it with <see cref="AuthenticationException"/> before an application byte
    /// can be sent; <see cref="AuthenticateAsync"/> turns that into the error a person sees.
    /// </summary>
    /// <param name="host">Sent as SNI; checked only where there is no pin.</param>
    /// <param name="pinHex64">Null for ordinary validation.</param>
    /// <param name="mismatch">Told the fingerprint that was seen in place of the pin, 64 hex digits, or an empty text when there was no certificate.</param>
    /// <param name="seenCertificateHash">Told the SHA-256 of the DER of an accepted certificate, 32 bytes: the binding of .</param>
    public static SslClientAuthenticationOptions ClientOptions(string host, string? pinHex64, Action<string> mismatch, Action<byte[]> seenCertificateHash) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        // Every handshake proves the key anew.
        AllowTlsResume = false,
        // Downloads of missing certificates would put other hosts, and their time limits, into the handshake.
        CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
        RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            byte[]? hash = certificate is null ? null : SHA256.HashData(certificate.GetRawCertData());
            bool accepted = hash is not null && (pinHex64 is null ? errors == SslPolicyErrors.None : HashMatches(hash, pinHex64));
            if (accepted) seenCertificateHash(hash!);
            else if (pinHex64 is not null) mismatch(hash is null ? "" : Convert.ToHexStringLower(hash));
            return accepted;
        },
    };

    /// <summary>One handshake as a client over <paramref name="transport"/>, which the result owns. Returns the stream and the server's certificate hash.</summary>
    /// <exception cref="EdgeException"><c>TLS_PIN_MISMATCH</c>.</exception>
    /// <exception cref="AuthenticationException">No agreement on TLS, or, without a pin, an untrusted certificate.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">The caller's limit ([W-15]).</exception>
    public static async Task<TlsLink> AuthenticateAsync(Stream transport, string host, string? pinHex64, CancellationToken cancellationToken)
    {
        string? other = null;
        SslClientAuthenticationOptions options = ClientOptions(host, pinHex64, seen => other = seen, static _ => { });
        // The library's judgement is the same without a pin, and its exception says what is wrong with the certificate.
        if (pinHex64 is null) options.RemoteCertificateValidationCallback = null;
        var tls = new SslStream(transport);
        try
        {
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return new TlsLink(tls, SHA256.HashData(tls.RemoteCertificate!.GetRawCertData()));
        }
        catch (AuthenticationException refused) when (other is not null)
        {
            await tls.DisposeAsync();
            throw Mismatch(host, pinHex64!, other, refused);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>The error for a server whose certificate is not the pinned one.</summary>
    /// <param name="seen">Fingerprint of the certificate it showed; empty when it showed none.</param>
    public static EdgeException Mismatch(string host, string pin, string seen, Exception? inner = null) => new(
        TlsErrorCodes.PinMismatch,
        what: $"Could not connect to {host}.",
        why: seen.Length == 0 ? "It showed no certificate." : $"Its certificate has the fingerprint {seen}; {pin} is configured.",
        fix: "If the node got a new certificate, compare `clawmesh-edge identity --tls` there and correct the fingerprint here; otherwise somebody is in between.",
        failureClass: FailureClass.Auth,
        inner);

    private static bool HashMatches(byte[] hash, string fingerprint)
    {
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        return fingerprint.Length == 2 * SHA256.HashSizeInBytes
            && Convert.FromHexString(fingerprint, expected, out _, out _) == System.Buffers.OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(hash, expected);
    }
}

/// <summary>An authenticated link to a server; disposing closes it and what is beneath.</summary>
/// <param name="CertificateHash">SHA-256 of the DER of the server's certificate, 32 bytes.</param>
public sealed record TlsLink(SslStream Stream, byte[] CertificateHash);
