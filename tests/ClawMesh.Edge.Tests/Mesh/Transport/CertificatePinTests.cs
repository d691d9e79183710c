using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public sealed class CertificatePinTests
{
    private const string Host = "node.test";
    private static readonly string Other = new('a', 64);

    [Fact]
    [Trait("spec", "W-13")]
    public void A_pin_is_the_SHA_256_of_the_DER_in_either_case_and_nothing_less()
    {
        using X509Certificate2 certificate = TlsBench.SelfSigned(Host);
        string pin = TlsBench.Fingerprint(certificate);

        Assert.True(CertificatePin.Matches(certificate.RawData, pin));
        Assert.True(CertificatePin.Matches(certificate.RawData, pin.ToUpperInvariant()));
        Assert.False(CertificatePin.Matches(certificate.RawData, Other));
        Assert.False(CertificatePin.Matches(certificate.RawData, pin[..62]));
        Assert.False(CertificatePin.Matches(certificate.RawData, pin + "00"));
        Assert.False(CertificatePin.Matches(certificate.RawData, pin[..63] + "g"));
        Assert.False(CertificatePin.Matches(certificate.RawData, ""));
    }

    [Fact]
    [Trait("spec", "W-14")]
    public async Task The_right_pin_makes_a_self_signed_certificate_of_another_name_good()
    {
        using X509Certificate2 certificate = TlsBench.SelfSigned("somebody.else");
        using var bench = new TlsBench(certificate);
        Task<byte[]> served = bench.ServeAsync();

        TlsLink link = await CertificatePin.AuthenticateAsync(await bench.ConnectAsync(), Host, TlsBench.Fingerprint(certificate), TestContext.Current.CancellationToken);
        Assert.True(link.Stream.SslProtocol is SslProtocols.Tls12 or SslProtocols.Tls13);
        await using (link.Stream) await link.Stream.WriteAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal("hello"u8.ToArray(), await served);
        Assert.Equal(SHA256.HashData(certificate.RawData), link.CertificateHash);
    }

    [Fact]
    [Trait("spec", "W-14")]
    public async Task A_wrong_pin_ends_the_handshake_before_any_application_byte()
    {
        using X509Certificate2 certificate = TlsBench.SelfSigned(Host);
        using var bench = new TlsBench(certificate);
        Task<byte[]> served = bench.ServeAsync();
        Stream transport = await bench.ConnectAsync();

        var fault = await Assert.ThrowsAsync<EdgeException>(() => CertificatePin.AuthenticateAsync(transport, Host, Other, TestContext.Current.CancellationToken));

        Assert.Equal(("TLS_PIN_MISMATCH", FailureClass.Auth), (fault.Code, fault.FailureClass));
        Assert.Contains(TlsBench.Fingerprint(certificate), fault.Why, StringComparison.Ordinal);
        Assert.Contains(Other, fault.Why, StringComparison.Ordinal);
        Assert.Empty(await served);
    }

    [Fact]
    [Trait("spec", "W-14")]
    public async Task A_chain_that_validates_does_not_excuse_a_wrong_pin()
    {
        using X509Certificate2 authority = TlsBench.Authority();
        using X509Certificate2 certificate = TlsBench.SignedBy(authority, Host);

        // The same trust without a pin is good enough, so the chain does validate.
        Assert.Equal("hello"u8.ToArray(), await GreetAsync(authority, certificate, Host, pin: null));
        string? seen = null;
        SslClientAuthenticationOptions options = Trusting(authority, Host, Other, mismatch => seen = mismatch);
        using var bench = new TlsBench(certificate);
        Task<byte[]> served = bench.ServeAsync();
        await using (var tls = new SslStream(await bench.ConnectAsync()))
            await Assert.ThrowsAsync<AuthenticationException>(() => tls.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken));

        Assert.Empty(await served);
        Assert.Equal(TlsBench.Fingerprint(certificate), seen);
    }

    [Fact]
    [Trait("spec", "W-14")]
    public async Task Without_a_pin_the_chain_and_the_host_name_decide()
    {
        using X509Certificate2 authority = TlsBench.Authority();
        using X509Certificate2 certificate = TlsBench.SignedBy(authority, Host);
        using X509Certificate2 stranger = TlsBench.SelfSigned(Host);

        await Assert.ThrowsAsync<AuthenticationException>(() => GreetAsync(authority, certificate, "another.test", pin: null));
        await Assert.ThrowsAsync<AuthenticationException>(() => GreetAsync(authority, stranger, Host, pin: null));
        using var bench = new TlsBench(stranger);
        Task<byte[]> served = bench.ServeAsync();
        Stream transport = await bench.ConnectAsync();
        var refused = await Assert.ThrowsAsync<AuthenticationException>(() => CertificatePin.AuthenticateAsync(transport, Host, null, TestContext.Current.CancellationToken));
        Assert.Contains(nameof(X509ChainStatusFlags.UntrustedRoot), refused.Message, StringComparison.Ordinal);
        Assert.Empty(await served);
    }

    [Fact]
    public void A_server_without_a_certificate_is_refused_with_and_without_a_pin()
    {
        string? seen = null;

        Assert.False(CertificatePin.ClientOptions(Host, Other, s => seen = s, _ => Assert.Fail("no certificate")).RemoteCertificateValidationCallback!(this, null, null, SslPolicyErrors.RemoteCertificateNotAvailable));
        Assert.False(CertificatePin.ClientOptions(Host, null, _ => Assert.Fail("no pin"), _ => Assert.Fail("no certificate")).RemoteCertificateValidationCallback!(this, null, null, SslPolicyErrors.None));
        Assert.Equal("", seen);
    }

    private static SslClientAuthenticationOptions Trusting(X509Certificate2 authority, string host, string? pin, Action<string> mismatch)
    {
        SslClientAuthenticationOptions options = CertificatePin.ClientOptions(host, pin, mismatch, _ => { });
        options.CertificateChainPolicy!.TrustMode = X509ChainTrustMode.CustomRootTrust;
        options.CertificateChainPolicy.CustomTrustStore.Add(authority);
        return options;
    }

    private static async Task<byte[]> GreetAsync(X509Certificate2 authority, X509Certificate2 certificate, string host, string? pin)
    {
        using var bench = new TlsBench(certificate);
        Task<byte[]> served = bench.ServeAsync();
        await using (var tls = new SslStream(await bench.ConnectAsync()))
        {
            await tls.AuthenticateAsClientAsync(Trusting(authority, host, pin, _ => { }), TestContext.Current.CancellationToken);
            await tls.WriteAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);
        }

        return await served;
    }
}
