using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Pairing;

/// <summary>Every computation of a pairing, byte for byte as in the vectors.</summary>
public class PairingVectorTests
{
    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json").GetProperty("pairing");
    private static readonly JsonElement Begin = Golden.GetProperty("beginParams");
    private static readonly JsonElement Result = Golden.GetProperty("beginResult");
    private static readonly byte[] NonceI = Golden.Hex("nonceIHex");
    private static readonly byte[] NonceR = Golden.Hex("nonceRHex");
    private static readonly PairingHello I = PairingHello.Read(Begin, result: false, out _)!;
    private static readonly PairingHello R = PairingHello.Read(Result, result: true, out _)!;

    [Fact]
    [Trait("spec", "X-2")]
    [Trait("spec", "X-56")]
    public void The_commitments_are_those_of_the_vectors_and_bound_to_role_key_and_nonce()
    {
        Assert.Equal(Golden.Text("commitI"), Convert.ToHexStringLower(PairingMath.Commitment(PairingRole.Initiator, I.Key, NonceI)));
        Assert.Equal(Golden.Text("commitR"), Convert.ToHexStringLower(PairingMath.Commitment(PairingRole.Responder, R.Key, NonceR)));
        Assert.True(I.IsCommittedTo(PairingRole.Initiator, NonceI));
        Assert.True(R.IsCommittedTo(PairingRole.Responder, NonceR));
        Assert.False(I.IsCommittedTo(PairingRole.Responder, NonceI));
        Assert.False(I.IsCommittedTo(PairingRole.Initiator, NonceR));
        Assert.False((I with { Key = R.Key }).IsCommittedTo(PairingRole.Initiator, NonceI));
    }

    [Fact]
    [Trait("spec", "X-58")]
    public void Hashes_transcript_and_code_are_those_of_the_vectors()
    {
        Assert.Equal(Golden.Text("hashBegin"), Convert.ToHexStringLower(I.Hash));
        Assert.Equal(Golden.Text("hashResult"), Convert.ToHexStringLower(R.Hash));
        byte[] transcript = PairingMath.Transcript(I.Key, R.Key, NonceI, NonceR, I.Hash, R.Hash);
        Assert.Equal(Golden.Text("transcript"), Convert.ToHexStringLower(transcript));
        Assert.Equal(Golden.Text("sas"), PairingMath.Code(transcript));
        Assert.Equal(Golden.Text("sasShown"), PairingMath.Shown(PairingMath.Code(transcript)));
    }

    [Fact]
    [Trait("spec", "X-58")]
    public void Altered_grants_and_another_nonce_give_the_codes_of_the_variants()
    {
        string[] variants = [.. Golden.GetProperty("variants").EnumerateArray().Select(v => v.Text("sas"))];
        Assert.Equal(2, variants.Length);
        PairingHello altered = Altered(Begin, "wants", """{"gossip":true,"sync":true,"command":["actuator:*"]}""", result: false);
        Assert.Equal(variants[0], PairingMath.Code(PairingMath.Transcript(I.Key, R.Key, NonceI, NonceR, altered.Hash, R.Hash)));
        byte[] nonce = new byte[32];
        Array.Fill(nonce, (byte)0x23);
        Assert.Equal(variants[1], PairingMath.Code(PairingMath.Transcript(I.Key, R.Key, NonceI, nonce, I.Hash, R.Hash)));
    }

    [Theory]
    [InlineData("offers", """{"gossip":true,"sync":true,"command":["actuator:valve:V2"]}""")]
    [InlineData("displayName", "\"jetson-b\"")]
    [InlineData("meshId", "\"other\"")]
    [InlineData("a-member-nobody-knows", "1")]
    [Trait("spec", "X-58")]
    public void Whatever_is_altered_in_a_message_alters_the_code(string name, string json) => Assert.NotEqual(
        Golden.Text("sas"), PairingMath.Code(PairingMath.Transcript(I.Key, R.Key, NonceI, NonceR, I.Hash, Altered(Result, name, json, result: true).Hash)));

    [Fact]
    [Trait("spec", "X-59")]
    public void The_confirmations_are_those_of_the_vectors_and_bound_to_their_role()
    {
        byte[] transcript = Golden.Hex("transcript");
        var verifier = new Ed25519Verifier();
        foreach ((PairingRole role, PairingHello hello, string name) in ((PairingRole, PairingHello, string)[])[(PairingRole.Initiator, I, "confirmSigI"), (PairingRole.Responder, R, "confirmSigR")])
        {
            byte[] signature = System.Buffers.Text.Base64Url.DecodeFromChars(Golden.Text(name));
            Assert.True(verifier.Verify(hello.Key, PairingMath.Confirmed(role, transcript), signature));
            Assert.False(verifier.Verify(hello.Key, PairingMath.Confirmed(1 - role, transcript), signature));
        }
    }

    [Fact]
    [Trait("spec", "X-55")]
    public void The_messages_are_read_as_they_stand()
    {
        Assert.Equal((Begin.Text("deviceId"), "jetson-a", Begin.Text("meshId"), null), (I.DeviceId.Value, I.DisplayName, I.MeshId, I.SessionId));
        Assert.Equal(("pump-house", Result.Text("sessionId")), (R.DisplayName, R.SessionId));
        Assert.Equal(["actuator:valve:V1"], I.Wants.Command);
        Assert.Empty(I.Offers.Command);
        // What is not stated is not given: relay stands in neither.
        Assert.Equal((true, false, true, false), (I.Wants.Gossip, I.Wants.Relay, I.Wants.Sync, I.Wants.Approve));
    }

    [Fact]
    [Trait("spec", "X-61")]
    public void The_fingerprint_is_shown_in_16_groups_of_four() =>
        Assert.Equal(Golden.Text("fingerprintShown"), PairingView.Groups(Begin.Text("deviceId")));

    [Fact]
    [Trait("spec", "X-58")]
    public void A_code_has_six_digits_its_leading_zeros_too()
    {
        byte[] transcript = new byte[32];
        string code;
        do
        {
            transcript[0]++;
            code = PairingMath.Code(transcript);
            Assert.Equal(6, code.Length);
        }
        while (code[0] != '0');
        Assert.Equal($"{code[..3]} {code[3..]}", PairingMath.Shown(code));
    }

    private static PairingHello Altered(JsonElement message, string name, string json, bool result) =>
        PairingHello.Read(PairingWire.With(message, name, json), result, out string why) ?? throw new InvalidOperationException(why);
}
