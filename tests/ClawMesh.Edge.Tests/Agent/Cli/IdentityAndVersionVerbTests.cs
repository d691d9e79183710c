using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class IdentityAndVersionVerbTests : IDisposable
{
    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task The_identity_is_made_once_and_its_report_begins_with_the_device_id()
    {
        JsonElement first = await _cli.JsonAsync(0, "identity", "ok", "identity");
        JsonElement second = await _cli.JsonAsync(0, "identity", "ok", "identity");

        Assert.Equal("deviceId", first.EnumerateObject().First().Name);
        Assert.Equal(64, first.GetProperty("deviceId").GetString()!.Length);
        Assert.Equal(first.GetProperty("deviceId").GetString(), second.GetProperty("deviceId").GetString());
        Assert.Equal((true, false), (first.GetProperty("created").GetBoolean(), second.GetProperty("created").GetBoolean()));
        Assert.Equal(0, await _cli.RunAsync("identity"));
        Assert.Contains(first.GetProperty("publicKey").GetString()!, _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_mesh_id_is_told_when_it_is_known_and_never_invented()
    {
        Assert.False((await _cli.JsonAsync(0, "identity", "ok", "identity")).TryGetProperty("meshId", out _));
        Assert.False(File.Exists(_cli.At("state/" + MeshIdentity.RelativePath)));
        Assert.Equal(0, await _cli.RunAsync("config", "set", "meshName", "orchard"));

        JsonElement data = await _cli.JsonAsync(0, "identity", "ok", "identity");

        Assert.Equal(MeshIdentity.OfName("orchard"), data.GetProperty("meshId").GetString());
    }

    [Fact]
    public async Task The_certificate_is_made_and_shown_when_it_is_asked_for()
    {
        Assert.False((await _cli.JsonAsync(0, "identity", "ok", "identity")).TryGetProperty("tls", out _));
        string file = Path.Combine(_cli.State.Path, NodeCertificate.RelativePath);
        Assert.False(File.Exists(file));

        JsonElement first = await _cli.JsonAsync(0, "identity", "ok", "identity", "--tls");
        JsonElement again = await _cli.JsonAsync(0, "identity", "ok", "identity", "--tls");

        Assert.Equal("deviceId", first.EnumerateObject().First().Name);
        JsonElement tls = first.GetProperty("tls");
        Assert.Equal(["path", "fingerprint", "created"], tls.EnumerateObject().Select(m => m.Name));
        using NodeCertificate certificate = NodeCertificate.TryLoad(_cli.State.Path)!;
        Assert.Equal((file, certificate.FingerprintHex), (tls.GetProperty("path").GetString(), tls.GetProperty("fingerprint").GetString()));
        Assert.Equal($"CN={first.GetProperty("deviceId").GetString()![..12]}", certificate.Certificate.Subject);
        Assert.Equal((true, false), (tls.GetProperty("created").GetBoolean(), again.GetProperty("tls").GetProperty("created").GetBoolean()));
        Assert.Equal(0, await _cli.RunAsync("identity", "--tls"));
        Assert.Contains(certificate.FingerprintHex, _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unusable_certificate_fails_and_stays_as_it_is()
    {
        string file = _cli.Put("state/identity/tls.pem", "no pem");

        await _cli.FailsAsync(1, "identity.tls_unreadable", "identity", "--tls");

        Assert.Equal("no pem", File.ReadAllText(file));
    }

    [Fact]
    public async Task An_unusable_identity_fails_and_stays_as_it_is()
    {
        string file = _cli.Put("state/identity/device.json", "{ broken");

        await _cli.FailsAsync(1, "NO_IDENTITY", "identity");

        Assert.Equal("{ broken", File.ReadAllText(file));
    }

    [Fact]
    public async Task An_unreadable_configuration_is_a_warning_of_identity()
    {
        _cli.Put("state/mesh/mesh-id", "no uuid");

        JsonElement data = await _cli.JsonAsync(0, "identity", "warn", "identity");

        Assert.Contains("mesh id", Assert.Single(data.GetProperty("warnings").EnumerateArray()).GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_names_the_native_libraries_and_touches_no_state()
    {
        JsonElement data = await _cli.JsonAsync(0, "version", "ok", "version");

        Assert.Equal("jit", data.GetProperty("compilation").GetString());
        Assert.Equal(["SQLite", "OpenSSL"], data.GetProperty("libraries").EnumerateArray().Select(l => l.GetProperty("name").GetString()));
        Assert.All(data.GetProperty("libraries").EnumerateArray(), l => Assert.NotEqual("", l.GetProperty("version").GetString()));
        Assert.Equal(0, await _cli.RunAsync("version"));
        Assert.Contains("SQLite", _cli.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_cli.State.Path));
    }
}
