using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Core.Wire;

/// <summary>Conformance row XC1 for layout, canonical JSON, and the command digest and signature.</summary>
public class EdgeVectorTests
{
    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json");

    [Fact]
    [Trait("spec", "X-1")]
    public void Domain_separated_bytes_have_the_layout_of_the_vectors()
    {
        foreach (JsonElement vector in Golden.GetProperty("ds").EnumerateArray())
        {
            ReadOnlyMemory<byte>[] parts = [.. vector.GetProperty("parts").EnumerateArray().Select(p => DomainSeparation.Text(p.GetString()!))];
            Assert.Equal(vector.Text("hex"), Convert.ToHexStringLower(DomainSeparation.Bytes(vector.Text("label"), parts)));
        }
    }

    [Fact]
    [Trait("spec", "X-4")]
    public void Canonical_JSON_is_that_of_the_vectors_and_stable()
    {
        foreach (JsonElement vector in Golden.GetProperty("jcs").EnumerateArray())
        {
            byte[] canonical = Canonical(vector.Text("input"));

            Assert.Equal(vector.Text("canonical"), Encoding.UTF8.GetString(canonical));
            Assert.Equal(vector.Text("canonicalHex"), Convert.ToHexStringLower(canonical));
            Assert.Equal(canonical, Canonical(Encoding.UTF8.GetString(canonical)));
        }
    }

    // RFC 8785 appendix B.
    [Theory]
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0xffefffffffffffff, "-1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0xc340000000000000, "-9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x44b52d02c7e14af7, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4f, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555554, "333333333.33333325")]
    [InlineData(0x41b3de4355555555, "333333333.3333333")]
    [InlineData(0x41b3de4355555556, "333333333.3333334")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    [Trait("spec", "X-4")]
    public void Numbers_are_spelled_as_ECMAScript_spells_them(ulong bits, string text) =>
        Assert.Equal(text, CanonicalJson.NumberText(BitConverter.UInt64BitsToDouble(bits)));

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""{"__proto__":1}""")]
    [InlineData("""[1e400]""")]
    [InlineData("""["\ud800"]""")]
    [InlineData("""["\udc00\ud800"]""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"a":1,"\ud800":1,"b":2}""")]
    [Trait("spec", "X-4")]
    public void What_has_no_canonical_form_is_a_format_fault(string json) =>
        Assert.Throws<FormatException>(() => Canonical(json));

    [Fact]
    [Trait("spec", "X-43")]
    public void The_digest_of_a_command_is_that_of_the_vector()
    {
        JsonElement vector = Golden.GetProperty("command");
        CommandEnvelope? command = CommandEnvelope.Parse(vector.GetProperty("signedCommand"), out string problem);

        Assert.Equal("", problem);
        Assert.Equal(vector.Text("digest"), CommandDigest.Of(command!, Golden.Text("meshId")));
        Assert.Equal(vector.Text("digestInputHex"), Convert.ToHexStringLower(DomainSeparation.Bytes(
            DomainSeparation.CommandDigest, DomainSeparation.Text(Golden.Text("meshId")), CanonicalJson.Canonicalise(command!.Raw))));
    }

    [Fact]
    [Trait("spec", "X-5")]
    public void A_command_signature_verifies_for_its_executor_and_mesh_and_no_other()
    {
        JsonElement vector = Golden.GetProperty("command");
        JsonElement k1 = Golden.GetProperty("keys").GetProperty("k1");
        string executor = Golden.GetProperty("keys").GetProperty("k2").Text("deviceId");
        using Ed25519Signer signer = Ed25519Signer.FromSeed(k1.Hex("seedHex"));
        var verifier = new Ed25519Verifier();
        byte[] message = CommandMessage(Golden.Text("meshId"), executor);

        Assert.Equal(vector.Text("messageHex"), Convert.ToHexStringLower(message));
        Assert.Equal(vector.Base64Url("sig"), signer.Sign(message));
        Assert.True(verifier.Verify(k1.Base64Url("publicKey"), message, vector.Base64Url("sig")));
        Assert.False(verifier.Verify(k1.Base64Url("publicKey"), CommandMessage(Golden.Text("meshId"), k1.Text("deviceId")), vector.Base64Url("sig")));
        Assert.False(verifier.Verify(k1.Base64Url("publicKey"), CommandMessage("another mesh", executor), vector.Base64Url("sig")));
    }

    private static byte[] CommandMessage(string meshId, string executor) => DomainSeparation.Bytes(
        "clawmesh-edge/command/v1",
        DomainSeparation.Text(meshId),
        DomainSeparation.Text(executor),
        CanonicalJson.Canonicalise(Golden.GetProperty("command").GetProperty("commandWithoutSig")));

    private static byte[] Canonical(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return CanonicalJson.Canonicalise(document.RootElement);
    }
}
