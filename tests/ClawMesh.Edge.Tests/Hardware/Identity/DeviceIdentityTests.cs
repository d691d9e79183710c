using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

public sealed class DeviceIdentityTests : IDisposable
{
    private readonly ScratchDirectory _state = new();
    private readonly ManualTime _time = new();

    public static TheoryData<string> Names => [.. GoldenData.Json("identities/keys.json").EnumerateObject().Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("spec", "W-21")]
    [Trait("spec", "W-20")]
    public void A_golden_file_is_reproduced_byte_for_byte_from_its_seed(string name)
    {
        string golden = GoldenText(name);
        byte[] seed = GoldenData.Json("identities/keys.json").GetProperty(name).Hex("throwawaySeedHex");
        using Ed25519Signer signer = Ed25519Signer.FromSeed(seed);
        using JsonDocument document = JsonDocument.Parse(golden);

        byte[] text = IdentityFile.Compose(
            signer.DeviceId.Value, signer.PublicKey.Span, seed, document.RootElement.GetProperty("createdAtMs").GetInt64());

        Assert.Equal(golden, Encoding.UTF8.GetString(text));
    }

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("spec", "W-22")]
    public void A_classic_node_s_file_loads_and_is_left_as_it_is(string name)
    {
        string path = PutIdentity(GoldenText(name));

        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_state.Path, _time);

        Assert.Equal(GoldenData.Json("identities/keys.json").GetProperty(name).Text("deviceId"), identity.DeviceId.Value);
        Assert.False(identity.Created);
        Assert.Null(identity.Correction);
        Assert.Equal(GoldenText(name), File.ReadAllText(path));
        Assert.True(new Ed25519Verifier().Verify(identity.PublicKey.Span, "hello"u8, identity.Signer.Sign("hello"u8)));
    }

    [Fact]
    [Trait("spec", "W-22")]
    public void The_first_start_makes_a_private_file_and_the_second_finds_the_same_device()
    {
        using DeviceIdentity first = DeviceIdentity.LoadOrCreate(_state.Path, _time);
        using DeviceIdentity second = DeviceIdentity.LoadOrCreate(_state.Path, _time);

        Assert.True(first.Created);
        Assert.False(second.Created);
        Assert.Equal(first.DeviceId, second.DeviceId);
        Assert.Equal(_time.GetUtcNow().ToUnixTimeMilliseconds(), second.CreatedAtMs);
        Assert.Empty(first.Warnings);
        Assert.Equal("0600", UnixMode.Octal(UnixMode.Of(first.FilePath)));
        Assert.Equal("0700", UnixMode.Octal(UnixMode.Of(Path.GetDirectoryName(first.FilePath)!)));
        Assert.Equal(["device.json"], Directory.GetFiles(_state.At("identity")).Select(Path.GetFileName));
    }

    [Fact]
    public void Two_first_starts_at_once_agree_on_one_device()
    {
        string[] ids = new string[16];

        Parallel.For(0, ids.Length, i =>
        {
            using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_state.Path, TimeProvider.System);
            ids[i] = identity.DeviceId.Value;
        });

        Assert.Single(ids.Distinct());
    }

    [Theory]
    [InlineData("""{"version": 1}""")]
    [InlineData("""[]""")]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("\u0000\u0001")]
    [Trait("spec", "W-22")]
    public void A_file_that_is_no_identity_stops_the_node_and_stays_untouched(string text)
    {
        string path = PutIdentity(text);

        AssertNoIdentity();

        Assert.Equal(text, File.ReadAllText(path));
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"version\": 1", "\"version\": \"1\"")]
    [InlineData("\"version\": 1,\n", "")]
    [InlineData("BEGIN PUBLIC KEY", "BEGIN EC PUBLIC KEY")]
    [InlineData("BEGIN PRIVATE KEY", "BEGIN ENCRYPTED PRIVATE KEY")]
    [InlineData("MC4CAQAwBQYDK2VwBCIEI", "MC4CAQAwBQYDK2VuBCIEI")]
    [InlineData("MCowBQYDK2VwAyEA", "MCowBQYDK2VuAyEA")]
    [InlineData("\n}\n", "\n}\n{}")]
    [InlineData("\"createdAtMs\"", "\"publicKeyPem\": \"\", \"createdAtMs\"")]
    [Trait("spec", "W-22")]
    public void A_tampered_file_stops_the_node_and_stays_untouched(string original, string tampered)
    {
        string text = GoldenText("alpha").Replace(original, tampered, StringComparison.Ordinal);
        Assert.NotEqual(GoldenText("alpha"), text);
        string path = PutIdentity(text);

        AssertNoIdentity();

        Assert.Equal(text, File.ReadAllText(path));
    }

    [Fact]
    [Trait("spec", "W-22")]
    public void A_private_key_that_does_not_belong_to_the_public_key_stops_the_node()
    {
        using JsonDocument alpha = JsonDocument.Parse(GoldenText("alpha"));
        using JsonDocument beta = JsonDocument.Parse(GoldenText("beta"));
        PutIdentity(GoldenText("alpha").Replace(
            JsonText(alpha.RootElement.Text("publicKeyPem")), JsonText(beta.RootElement.Text("publicKeyPem")), StringComparison.Ordinal));

        EdgeException fault = AssertNoIdentity();

        Assert.Contains("does not produce its public key", fault.Why);
    }

    [Fact]
    public void No_fault_ever_quotes_the_private_key()
    {
        string seedText = JsonText(KeyPemText("alpha")).Split("\\n")[1];
        foreach (int cut in Enumerable.Range(1, GoldenText("alpha").Length - 2))
        {
            PutIdentity(GoldenText("alpha")[..cut]);
            EdgeException fault = AssertNoIdentity();
            for (int i = 24; i + 8 <= seedText.Length; i++) Assert.DoesNotContain(seedText[i..(i + 8)], fault.ToString());
        }
    }

    [Fact]
    public void A_directory_in_place_of_the_file_stops_the_node()
    {
        Directory.CreateDirectory(_state.At("identity/device.json"));

        AssertNoIdentity();
    }

    [Fact]
    public void A_dangling_link_in_place_of_the_file_stops_the_node_and_is_not_replaced()
    {
        Directory.CreateDirectory(_state.At("identity"));
        File.CreateSymbolicLink(_state.At("identity/device.json"), _state.At("usb-stick/device.json"));

        EdgeException fault = AssertNoIdentity();

        Assert.Contains("dangling", fault.Why);
        Assert.Equal(_state.At("usb-stick/device.json"), new FileInfo(_state.At("identity/device.json")).LinkTarget);
    }

    [Theory]
    [InlineData("\"deviceId\": \"0000000000000000000000000000000000000000000000000000000000000000\"")]
    [InlineData("\"deviceId\": \"\"")]
    [InlineData("\"deviceId\": null")]
    [InlineData("\"deviceId\": {\"a\": [1, 2]}")]
    [Trait("spec", "W-22")]
    public void A_wrong_device_id_alone_is_corrected_in_the_file_and_reported(string wrong)
    {
        const string Right = "\"deviceId\": \"811fa311634794d521f38e8e3b741daf5608c5e8700077b9e7eb1e5fa9e98e66\"";
        string path = PutIdentity(GoldenText("alpha").Replace(Right, wrong, StringComparison.Ordinal));

        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_state.Path, _time);

        Assert.Equal(GoldenText("alpha"), File.ReadAllText(path));
        Assert.Contains("corrected", identity.Correction);
        Assert.Contains(identity.DeviceId.Value, identity.Correction);
        Assert.Equal("0600", UnixMode.Octal(UnixMode.Of(path)));
    }

    [Fact]
    public void A_missing_device_id_is_put_in_and_unknown_members_survive()
    {
        string path = PutIdentity(GoldenText("alpha")
            .Replace("  \"deviceId\": \"811fa311634794d521f38e8e3b741daf5608c5e8700077b9e7eb1e5fa9e98e66\",\n", "", StringComparison.Ordinal)
            .Replace("\"createdAtMs\"", "\"rotated\": {\"é\": [1.50, \"\\u00e9\"]},\n  \"createdAtMs\"", StringComparison.Ordinal));

        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_state.Path, _time);

        string text = File.ReadAllText(path);
        Assert.Contains("\"rotated\": {\"é\": [1.50, \"\\u00e9\"]}", text);
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.Equal(identity.DeviceId.Value, document.RootElement.Text("deviceId"));
        using DeviceIdentity again = DeviceIdentity.LoadOrCreate(_state.Path, _time);
        Assert.Null(again.Correction);
    }

    [Fact]
    public void TryLoad_and_Inspect_write_nothing()
    {
        Assert.Null(DeviceIdentity.TryLoad(_state.Path));
        Assert.False(DeviceIdentity.Inspect(_state.Path).Exists);
        Assert.Empty(Directory.GetFileSystemEntries(_state.Path));

        string wrong = GoldenText("alpha").Replace("\"811f", "\"911f", StringComparison.Ordinal);
        string path = PutIdentity(wrong);
        IdentityInspection inspection = DeviceIdentity.Inspect(_state.Path);

        Assert.StartsWith("811fa311", inspection.DeviceId?.Value);
        Assert.Contains("next start", inspection.Correction);
        Assert.Equal(wrong, File.ReadAllText(path));
    }

    [Fact]
    public void Inspect_reports_a_bad_file_instead_of_throwing()
    {
        PutIdentity("{");

        IdentityInspection inspection = DeviceIdentity.Inspect(_state.Path);

        Assert.True(inspection.Exists);
        Assert.Null(inspection.DeviceId);
        Assert.Equal("NO_IDENTITY", inspection.Fault?.Code);
    }

    [Fact]
    public void A_file_that_others_can_read_is_a_warning_and_no_failure()
    {
        _state.Put("identity/device.json", GoldenText("alpha"));
        AtomicFile.Write(_state.At("identity/device.json"), Encoding.UTF8.GetBytes(GoldenText("alpha")), UnixMode.OwnerOnly | UnixFileMode.GroupRead);

        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_state.Path, _time);

        Assert.Contains(identity.Warnings, w => w.Contains("0640", StringComparison.Ordinal) && w.Contains("chmod 600", StringComparison.Ordinal));
    }

    [Fact]
    public void Line_ends_of_a_careless_editor_do_not_matter()
    {
        PutIdentity(GoldenText("alpha").Replace("\n", "\r\n", StringComparison.Ordinal).Replace("\\n", "\\r\\n", StringComparison.Ordinal));

        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_state.Path, _time);

        Assert.StartsWith("811fa311", identity.DeviceId.Value);
    }

    [Fact]
    public void ToString_says_who_and_nothing_else()
    {
        PutIdentity(GoldenText("alpha"));
        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_state.Path, _time);

        Assert.Equal($"device {identity.DeviceId.Value}", identity.ToString());
        Assert.Equal("Ed25519 signer of 811fa3116347", identity.Signer.ToString());
        Assert.Equal(43, identity.PublicKeyText.Length);
    }

    public void Dispose() => _state.Dispose();

    private EdgeException AssertNoIdentity()
    {
        var fault = Assert.Throws<EdgeException>(() => DeviceIdentity.LoadOrCreate(_state.Path, _time));
        Assert.Equal("NO_IDENTITY", fault.Code);
        Assert.Equal(FailureClass.Auth, fault.FailureClass);
        return fault;
    }

    private string PutIdentity(string text) => _state.Put("identity/device.json", text);

    private static string KeyPemText(string name) =>
        Encoding.ASCII.GetString(KeyPem.Private(GoldenData.Json("identities/keys.json").GetProperty(name).Hex("throwawaySeedHex")));

    private static string GoldenText(string name) => File
        .ReadAllText(GoldenData.PathOf($"identities/{name}/identity/device.json.template"))
        .Replace("@PKCS8_PEM_OF_SEED@", JsonText(KeyPemText(name)), StringComparison.Ordinal);

    private static string JsonText(string pem) => pem.Replace("\n", "\\n", StringComparison.Ordinal);
}
