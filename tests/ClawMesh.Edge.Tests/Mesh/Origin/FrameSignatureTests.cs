using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Origin;

/// <summary>Conformance rows XC1 to XC4 as far as one frame shows them.</summary>
[Trait("spec", "X-13")]
public class FrameSignatureTests
{
    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json");
    private static readonly JsonElement Vector = Golden.GetProperty("frame");
    private static readonly string MeshId = Golden.GetProperty("meshId").GetString()!;
    private static readonly Ed25519Signer K1 = Ed25519Signer.FromSeed(Convert.FromHexString(Golden.GetProperty("keys").GetProperty("k1").GetProperty("seedHex").GetString()!));
    private static readonly string K1Text = Golden.GetProperty("keys").GetProperty("k1").GetProperty("publicKey").GetString()!;

    [Fact]
    public void The_canonical_form_and_the_signed_bytes_are_those_of_the_vector()
    {
        JsonElement frame = Vector.GetProperty("signedFrame");
        Assert.Equal(Vector.GetProperty("canonical").GetString(), Encoding.UTF8.GetString(FrameSignature.Canonical(frame)));
        byte[] signed = FrameSignature.Signed(MeshId, frame);
        Assert.Equal(Vector.GetProperty("messageHex").GetString(), Convert.ToHexStringLower(signed));
        Assert.Equal(Vector.GetProperty("sig").GetString(), System.Buffers.Text.Base64Url.EncodeToString(K1.Sign(signed)));
    }

    [Fact]
    [Trait("spec", "X-17")]
    public void What_a_relay_may_change_leaves_a_frame_valid_and_every_other_change_does_not()
    {
        Assert.True(Verifies(Vector.GetProperty("signedFrame").GetRawText(), MeshId));
        foreach (JsonElement still in Vector.GetProperty("stillValid").EnumerateArray()) Assert.True(Verifies(still.GetProperty("wire").GetString()!, MeshId), still.GetProperty("note").GetString());
        foreach (JsonElement bad in Vector.GetProperty("invalid").EnumerateArray())
        {
            string mesh = bad.TryGetProperty("meshId", out JsonElement other) ? other.GetString()! : MeshId;
            string text = bad.TryGetProperty("frame", out JsonElement frame) ? frame.GetRawText() : bad.TryGetProperty("wire", out JsonElement wire) ? wire.GetString()! : Vector.GetProperty("signedFrame").GetRawText();
            Assert.False(Verifies(text, mesh), bad.GetProperty("note").GetString());
        }
    }

    [Fact]
    [Trait("spec", "X-5")]
    public void A_frame_of_one_mesh_is_worth_nothing_in_another() => Assert.False(Verifies(Vector.GetProperty("signedFrame").GetRawText(), MeshId[..^1] + "0"));

    [Fact]
    [Trait("spec", "X-17")]
    public void Every_flipped_bit_outside_hops_makes_it_invalid_or_no_frame_at_all()
    {
        byte[] frame = Encoding.UTF8.GetBytes(Vector.GetProperty("signedFrame").GetRawText());
        MeshFrame whole = Read(frame)!;
        int survived = 0;
        for (int i = 0; i < frame.Length; i++)
        {
            if (i >= whole.HopsStart && i < whole.HopsStart + whole.HopsLength) continue;
            byte[] changed = [.. frame];
            changed[i] ^= 1;
            // White space and the case of an escape mean the same; anything else must not pass.
            if (!Verifies(changed, MeshId)) continue;
            survived++;
            Assert.True(FrameSignature.AreSame(frame, changed), $"byte {i} changes the frame and passes");
        }

        Assert.True(survived < 3, $"{survived} changes passed");
    }

    [Fact]
    [Trait("spec", "X-4")]
    public void A_signer_reads_its_own_output_and_numbers_count_up_without_gaps()
    {
        var own = new OwnFrames(K1, new ManualTime(), null, () => [1, 2]);
        own.Begin(null);
        for (int i = 1; i <= 3; i++)
        {
            byte[] signed = own.Sign("""{"kind":"event","frameId":"f","sourceDeviceId":"21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9","timestamp":1.5e3,"data":{"b":1.50,"a":-0.0},"trust":{"evidence_sources":["device"],"evidence_trust_tier":"T2_operational_observation"},"hops":0}"""u8, MeshId, out long number)!;
            Assert.Equal(i, number);
            Assert.True(Verifies(signed, MeshId));
        }
    }

    [Theory]
    [Trait("spec", "X-18")]
    [InlineData("\"epoch\":\"01a1fd8ab1e8a1b2\"", "\"epoch\":\"01a1fd8ab1e8a1b\"")]
    [InlineData("\"seq\":17", "\"seq\":0")]
    [InlineData("\"seq\":17", "\"seq\":1.5")]
    [InlineData("\"seq\":17", "\"seq\":\"17\"")]
    [InlineData("-21fe31df\"", "-21fe31d0\"")]
    [InlineData("\"seq\":17,", "")]
    [InlineData("\"epoch\":\"01a1fd8ab1e8a1b2\",", "")]
    [InlineData("\"sig\":\"EVNE", "\"sig\":\"EVN")]
    [InlineData("\"sig\":\"EVNE", "\"sig\":\"!VNE")]
    public void A_malformed_member_or_a_signature_without_the_others_is_told_from_an_unsigned_frame(string from, string to)
    {
        string text = JsonSerializer.Serialize(Vector.GetProperty("signedFrame"));
        Assert.Contains(from, text, StringComparison.Ordinal);
        MeshFrame frame = Read(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal)))!;
        Assert.True(frame.StampIsBroken);
        Assert.Null(frame.Stamp);
    }

    private static MeshFrame? Read(byte[] utf8)
    {
        var scan = new WireScan();
        return scan.Frame(utf8) ? new FrameCheck().Check(utf8, scan, out _) : null;
    }

    private static bool Verifies(string text, string meshId) => Verifies(Encoding.UTF8.GetBytes(text), meshId);

    private static bool Verifies(byte[] utf8, string meshId) =>
        Read(utf8) is { Stamp: not null } frame && new FrameVerifier(new Ed25519Verifier(), () => meshId, new ManualTime(), VerifyLimits.Default, (_, bug) => throw bug).CheckNow(frame, K1Text)
        && frame.SourceDeviceId == K1.DeviceId.Value;
}
