using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Handshake;

/// <summary>Conformance row C1: the signed string and its signature, for every vector, in both directions.</summary>
public class SigningVectorTests
{
    private static readonly JsonElement Golden = GoldenData.Json("signing-vectors.json");
    private static readonly Ed25519Verifier Verifier = new();

    public static TheoryData<int> Valid => [.. Golden.GetProperty("valid").EnumerateArray().Select(v => v.GetProperty("id").GetInt32())];

    public static TheoryData<string> Invalid => [.. Golden.GetProperty("invalid").EnumerateArray().Select(v => v.Text("note"))];

    [Theory]
    [MemberData(nameof(Valid))]
    [Trait("spec", "W-50")]
    [Trait("spec", "W-51")]
    [Trait("spec", "W-52")]
    public void Our_string_is_that_of_the_vector_and_signs_and_verifies_as_it_does(int id)
    {
        JsonElement vector = Golden.GetProperty("valid").EnumerateArray().Single(v => v.GetProperty("id").GetInt32() == id);
        JsonElement key = Golden.GetProperty("keys").GetProperty(vector.Text("key"));
        using Ed25519Signer signer = Ed25519Signer.FromSeed(key.Hex("seedHex"));

        byte[]? text = Build(JsonNode.Parse(vector.GetRawText())!.AsObject(), out _);

        Assert.Equal(vector.Text("signedString"), Encoding.UTF8.GetString(text!));
        Assert.Equal(vector.Hex("signedBytesHex"), text);
        Assert.Equal(vector.Text("signature"), System.Buffers.Text.Base64Url.EncodeToString(signer.Sign(text)));
        Assert.True(Verifier.Verify(signer.PublicKey.Span, text, vector.Base64Url("signature")));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    [Trait("spec", "W-50")]
    [Trait("spec", "W-52")]
    public void What_must_fail_fails(string note)
    {
        JsonElement vector = Golden.GetProperty("invalid").EnumerateArray().Single(v => v.Text("note") == note);
        JsonObject changed = JsonNode.Parse(Golden.GetProperty("valid").EnumerateArray().Single(v => v.GetProperty("id").GetInt32() == vector.GetProperty("base").GetInt32()).GetRawText())!.AsObject();
        foreach (JsonProperty change in vector.GetProperty("change").EnumerateObject())
        {
            changed.Remove(change.Name);
            if (change.Value.ValueKind != JsonValueKind.Null) changed[change.Name] = JsonNode.Parse(change.Value.GetRawText());
        }

        byte[]? text = Build(changed, out byte[] key);

        Assert.NotNull(text);
        Assert.False(Verifier.Verify(key, text, System.Buffers.Text.Base64Url.DecodeFromChars((string)changed["signature"]!)));
    }

    [Fact]
    [Trait("spec", "W-51")]
    public void The_encoding_is_that_of_the_table_and_not_the_one_of_Uri()
    {
        JsonElement table = Golden.GetProperty("encodeURIComponent");
        Assert.Equal(19, table.GetArrayLength());
        foreach (JsonElement row in table.EnumerateArray()) Assert.Equal(row.Text("encoded"), HandshakeText.EncodeUriComponent(row.Text("input")));

        // Five characters that .NET's own escaping touches.
        Assert.NotEqual(Uri.EscapeDataString("!*'()"), HandshakeText.EncodeUriComponent("!*'()"));
    }

    [Fact]
    [Trait("spec", "W-51")]
    public void Every_ASCII_character_is_passed_or_escaped_as_the_rule_lists_them()
    {
        for (int c = 0; c < 128; c++)
        {
            bool passes = char.IsAsciiLetterOrDigit((char)c) || "-_.!~*'()".Contains((char)c);
            Assert.Equal(passes ? ((char)c).ToString() : $"%{c:X2}", HandshakeText.EncodeUriComponent(((char)c).ToString()));
        }
    }

    [Fact]
    [Trait("spec", "W-51")]
    public void Half_of_a_surrogate_pair_has_no_encoding_in_any_field()
    {
        var device = new NodeId(new string('a', NodeId.Length));
        foreach (string text in new[] { "\ud800", "\udc00", "a\ud83d", "\ud83da", "\ude00\ud83d" })
        {
            Assert.Null(HandshakeText.EncodeUriComponent(text));
            Assert.Null(HandshakeText.Build(device, 1, text, "m", "r"));
            Assert.Null(HandshakeText.Build(device, 1, "n", text, "r"));
            Assert.Null(HandshakeText.Build(device, 1, "n", "m", text));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(9007199254740991)]
    [Trait("spec", "W-50")]
    public void The_time_is_plain_decimal_digits(long at) =>
        Assert.Equal($"mesh.connect|v2|{new string('a', 64)}|{at}|n||", Encoding.ASCII.GetString(HandshakeText.Build(new NodeId(new string('a', 64)), at, "n", "", "")!));

    private static byte[]? Build(JsonObject vector, out byte[] key)
    {
        JsonElement named = Golden.GetProperty("keys").GetProperty((string)vector["key"]!);
        key = named.Base64Url("publicKey");
        return HandshakeText.Build(new NodeId(named.Text("deviceId")), (long)vector["signedAtMs"]!, (string)vector["nonce"]!, (string?)vector["meshId"] ?? "", (string?)vector["role"] ?? "");
    }
}
