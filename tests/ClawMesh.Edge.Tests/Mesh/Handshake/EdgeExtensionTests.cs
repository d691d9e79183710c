using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Handshake;

/// <summary>The member <c>ext</c> against the vectors, and against everything that may be wrong with one.</summary>
public class EdgeExtensionTests
{
    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json");
    private static readonly Ed25519Verifier Verifier = new();

    public static TheoryData<string> Roles => ["dialler", "acceptor"];

    [Theory]
    [MemberData(nameof(Roles))]
    [Trait("spec", "X-2")]
    [Trait("spec", "X-6")]
    [Trait("spec", "X-7")]
    public void The_vectors_signature_verifies_over_the_vectors_bytes_and_gives_its_features(string role)
    {
        (JsonElement vector, JsonElement key) = Vector(role);

        byte[] signed = EdgeExtension.Signed(role, vector.Text("deviceId"), vector.Text("nonce"), CanonicalJson.Canonicalise(vector.GetProperty("extWithoutSig")));
        IReadOnlyList<string> features = Read(Ext(vector), role, vector, key, out bool invalid);

        Assert.Equal(vector.Text("messageHex"), Convert.ToHexStringLower(signed));
        using Ed25519Signer signer = Ed25519Signer.FromSeed(key.Hex("seedHex"));
        Assert.Equal(vector.Text("sig"), System.Buffers.Text.Base64Url.EncodeToString(signer.Sign(signed)));
        Assert.False(invalid);
        Assert.Equal(["command-results", "edge-sync", "mesh-ping", "outbox", "signed-frames", "single-use"], features);
    }

    [Fact]
    [Trait("spec", "X-6")]
    [Trait("spec", "X-7")]
    [Trait("spec", "X-8")]
    public void What_we_write_is_sorted_and_verifies_for_its_role_nonce_and_device_only()
    {
        (JsonElement vector, JsonElement key) = Vector("dialler");
        using Ed25519Signer signer = Ed25519Signer.FromSeed(key.Hex("seedHex"));
        var buffer = new ArrayBufferWriter<byte>();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            EdgeExtension.Write(w, signer, "dialler", "the nonce", EdgeFeatures.Ours);
            w.WriteEndObject();
        }

        JsonElement written = JsonDocument.Parse(buffer.WrittenMemory).RootElement;

        Assert.Equal(EdgeFeatures.Ours.Order(StringComparer.Ordinal), EdgeFeatures.Ours);
        Assert.Equal(EdgeFeatures.Ours, EdgeExtension.Read(written, "dialler", signer.DeviceId.Value, "the nonce", signer.PublicKey.Span, Verifier, out bool invalid));
        Assert.False(invalid);
        foreach ((string role, string device, string nonce) in new[]
        {
            ("acceptor", signer.DeviceId.Value, "the nonce"), ("dialler", new string('a', 64), "the nonce"), ("dialler", signer.DeviceId.Value, "another nonce"),
        })
        {
            Assert.Empty(EdgeExtension.Read(written, role, device, nonce, signer.PublicKey.Span, Verifier, out invalid));
            Assert.True(invalid);
        }
    }

    [Fact]
    [Trait("spec", "X-7")]
    public void A_peer_without_the_member_or_with_null_in_it_is_classic_and_not_counted()
    {
        (JsonElement vector, JsonElement key) = Vector("dialler");

        Assert.Empty(Read(null, "dialler", vector, key, out bool invalid, "{}"));
        Assert.False(invalid);
        Assert.Empty(Read(null, "dialler", vector, key, out invalid, """{"ext":null}"""));
        Assert.False(invalid);
    }

    [Theory]
    [InlineData("sig", null)]
    [InlineData("sig", "\"\"")]
    [InlineData("sig", "7")]
    [InlineData("sig", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"")]
    [InlineData("edge", null)]
    [InlineData("edge", "2")]
    [InlineData("edge", "\"1\"")]
    [InlineData("features", "[\"edge-sync\",\"operator\"]")]
    [InlineData("features", null)]
    [InlineData("epoch", "\"01a1fd8ab1e8a1b3\"")]
    [InlineData("more", "1")]
    [InlineData("__proto__", "1")]
    [InlineData("more", "{\"a\":1,\"a\":2}")]
    [Trait("spec", "X-4")]
    [Trait("spec", "X-7")]
    public void A_changed_member_makes_it_absent_and_counted(string member, string? value)
    {
        (JsonElement vector, JsonElement key) = Vector("dialler");
        JsonObject ext = Ext(vector);
        ext.Remove(member);
        string text = ext.ToJsonString();
        if (value is not null) text = $"{text[..^1]},\"{member}\":{value}}}";

        Assert.Empty(Read(null, "dialler", vector, key, out bool invalid, $"{{\"ext\":{text}}}"));
        Assert.True(invalid);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("1")]
    [InlineData("true")]
    [Trait("spec", "X-7")]
    public void Anything_but_an_object_is_invalid(string ext)
    {
        (JsonElement vector, JsonElement key) = Vector("dialler");

        Assert.Empty(Read(null, "dialler", vector, key, out bool invalid, $"{{\"ext\":{ext}}}"));
        Assert.True(invalid);
    }

    [Fact]
    [Trait("spec", "X-8")]
    public void A_signed_list_is_cut_at_thirty_two_names_of_thirty_two_characters()
    {
        using Ed25519Signer signer = Ed25519Signer.Generate();
        string[] names = [.. Enumerable.Range(0, 40).Select(i => $"f{i:00}"), new string('x', 33)];
        string[] mixed = ["", new string('x', 33), new string('y', 32)];
        foreach ((string[] given, int kept) in new[] { (names, 32), (mixed, 1) })
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var w = new Utf8JsonWriter(buffer))
            {
                w.WriteStartObject();
                EdgeExtension.Write(w, signer, "acceptor", "n", given);
                w.WriteEndObject();
            }

            IReadOnlyList<string> read = EdgeExtension.Read(JsonDocument.Parse(buffer.WrittenMemory).RootElement, "acceptor", signer.DeviceId.Value, "n", signer.PublicKey.Span, Verifier, out bool invalid);
            Assert.False(invalid);
            Assert.Equal(kept, read.Count);
        }
    }

    private static IReadOnlyList<string> Read(JsonObject? ext, string role, JsonElement vector, JsonElement key, out bool invalid, string? parameters = null) => EdgeExtension.Read(
        JsonDocument.Parse(parameters ?? new JsonObject { ["ext"] = ext }.ToJsonString()).RootElement, role, vector.Text("deviceId"), vector.Text("nonce"), key.Base64Url("publicKey"), Verifier, out invalid);

    private static JsonObject Ext(JsonElement vector)
    {
        JsonObject ext = JsonNode.Parse(vector.GetProperty("extWithoutSig").GetRawText())!.AsObject();
        ext["sig"] = vector.Text("sig");
        return ext;
    }

    private static (JsonElement Vector, JsonElement Key) Vector(string role)
    {
        JsonElement vector = Golden.GetProperty("ext").EnumerateArray().Single(v => v.Text("role") == role);
        return (vector, Golden.GetProperty("keys").EnumerateObject().Select(k => k.Value).First(k => k.Text("deviceId") == vector.Text("deviceId")));
    }
}
