using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

public sealed class NodeCertificateTests : IDisposable
{
    private const string Name = "0123456789ab";
    private readonly ScratchDirectory _state = new();
    private readonly ManualTime _time = new();

    [Fact]
    public void A_certificate_is_made_once_and_kept()
    {
        Assert.Null(NodeCertificate.TryLoad(_state.Path));

        using NodeCertificate first = NodeCertificate.LoadOrCreate(_state.Path, Name, _time);
        using NodeCertificate second = NodeCertificate.LoadOrCreate(_state.Path, "another", _time);
        using NodeCertificate? third = NodeCertificate.TryLoad(_state.Path);

        Assert.Equal((true, false, false), (first.Created, second.Created, third!.Created));
        Assert.Equal(first.FingerprintHex, second.FingerprintHex);
        Assert.Equal(first.FingerprintHex, third.FingerprintHex);
        Assert.Equal("0600", UnixMode.Octal(UnixMode.Of(_state.At("identity/tls.pem"))));
        Assert.Equal("0700", UnixMode.Octal(UnixMode.Of(_state.At("identity"))));
        Assert.Null(second.Warning);
    }

    [Fact]
    [Trait("spec", "W-13")]
    public void The_fingerprint_is_the_SHA_256_of_the_DER_in_lower_case()
    {
        using NodeCertificate made = NodeCertificate.LoadOrCreate(_state.Path, Name, _time);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(made.Certificate.RawData)), made.FingerprintHex);
        Assert.DoesNotContain("PRIVATE", made.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_certificate_says_what_it_should_and_is_signed_by_its_own_key()
    {
        using NodeCertificate made = NodeCertificate.LoadOrCreate(_state.Path, Name, _time);
        X509Certificate2 certificate = made.Certificate;
        using ECDsa? key = certificate.GetECDsaPrivateKey();

        Assert.Equal($"CN={Name}", certificate.Subject);
        Assert.Equal(certificate.Subject, certificate.Issuer);
        Assert.Equal(3, certificate.Version);
        Assert.Equal(new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc), certificate.NotBefore.ToUniversalTime());
        Assert.Equal(_time.GetUtcNow().AddYears(10).UtcDateTime, certificate.NotAfter.ToUniversalTime());
        Assert.Equal(256, key!.KeySize);
        Assert.True(certificate.MatchesHostname(Name));
        Assert.Equal("", Faults(certificate));
    }

    [Fact]
    public void Serial_numbers_and_keys_differ_from_node_to_node()
    {
        using var other = new ScratchDirectory();
        using NodeCertificate mine = NodeCertificate.LoadOrCreate(_state.Path, Name, _time);
        using NodeCertificate theirs = NodeCertificate.LoadOrCreate(other.Path, Name, _time);

        Assert.NotEqual(mine.Certificate.SerialNumber, theirs.Certificate.SerialNumber);
        Assert.Equal(32, mine.Certificate.SerialNumber.Length);
        Assert.NotEqual(mine.Certificate.GetPublicKeyString(), theirs.Certificate.GetPublicKeyString());
    }

    [Theory]
    [InlineData(1970, 2034)]
    [InlineData(2039, 2049)]
    [InlineData(2040, 2050)]
    [InlineData(2055, 2065)]
    public void The_ten_years_count_from_2024_at_the_earliest_and_are_written_right_after_2049(int now, int end)
    {
        _time.StepWallClock(new DateTimeOffset(now, 6, 1, 0, 0, 0, TimeSpan.Zero) - _time.GetUtcNow());

        using NodeCertificate made = NodeCertificate.LoadOrCreate(_state.Path, Name, _time);

        Assert.Equal(end, made.Certificate.NotAfter.ToUniversalTime().Year);
        Assert.Equal(2024, made.Certificate.NotBefore.ToUniversalTime().Year);
    }

    [Fact]
    public void A_pair_from_elsewhere_is_taken_when_it_is_P_256()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 theirs = new CertificateRequest("CN=elsewhere", key, HashAlgorithmName.SHA256).CreateSelfSigned(_time.GetUtcNow(), _time.GetUtcNow().AddDays(1));
        _state.Put("identity/tls.pem", $"a comment\n{key.ExportPkcs8PrivateKeyPem()}\n{theirs.ExportCertificatePem()}\n");

        using NodeCertificate? loaded = NodeCertificate.TryLoad(_state.Path);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(theirs.RawData)), loaded?.FingerprintHex);
        Assert.NotNull(loaded?.Warning);
    }

    [Fact]
    public void Every_damaged_file_is_reported_and_left_alone()
    {
        using (NodeCertificate.LoadOrCreate(_state.Path, Name, _time)) { }
        string path = _state.At("identity/tls.pem");
        string good = File.ReadAllText(path);
        using var other = new ScratchDirectory();
        using (NodeCertificate.LoadOrCreate(other.Path, Name, _time)) { }
        string foreign = File.ReadAllText(other.At("identity/tls.pem"));
        int key = good.IndexOf("-----BEGIN PRIVATE KEY", StringComparison.Ordinal);

        foreach (string bad in (string[])["", "hello", good[..key], good[key..], good[..100] + "!" + good[100..], good[..key] + foreign[foreign.IndexOf("-----BEGIN PRIVATE KEY", StringComparison.Ordinal)..],
            good.Replace("PRIVATE KEY", "EC PRIVATE KEY", StringComparison.Ordinal), good[..40] + "AAAA" + good[44..], new string(' ', 70_000)])
        {
            File.WriteAllText(path, bad);

            var fault = Assert.Throws<EdgeException>(() => NodeCertificate.LoadOrCreate(_state.Path, Name, _time));

            Assert.Equal("identity.tls_unreadable", fault.Code);
            Assert.Equal(bad, File.ReadAllText(path));
        }
    }

    [Fact]
    public void A_wrong_bit_anywhere_in_the_certificate_breaks_nothing_but_the_certificate()
    {
        using (NodeCertificate.LoadOrCreate(_state.Path, Name, _time)) { }
        string path = _state.At("identity/tls.pem");
        byte[] text = File.ReadAllBytes(path);
        int end = text.AsSpan().IndexOf("-----END CERT"u8);

        for (int i = 0; i < end; i++)
        {
            byte[] damaged = [.. text];
            damaged[i] ^= 1;
            File.WriteAllBytes(path, damaged);
            try
            {
                using NodeCertificate? loaded = NodeCertificate.TryLoad(_state.Path);
                Assert.Equal(64, loaded?.FingerprintHex.Length);
            }
            catch (EdgeException fault)
            {
                Assert.Equal("identity.tls_unreadable", fault.Code);
            }
        }
    }

    public void Dispose() => _state.Dispose();

    // With its own certificate as the root, only a bad signature or a bad encoding is left to complain about.
    private string Faults(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate) ? "" : string.Join(' ', chain.ChainStatus.Select(s => s.StatusInformation));
    }
}
