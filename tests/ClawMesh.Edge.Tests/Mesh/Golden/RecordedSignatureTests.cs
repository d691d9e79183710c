using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Every handshake signature of the recordings, checked with our own string, key decoding and verifier (conformance row C3).</summary>
public class RecordedSignatureTests
{
    // What the capture tool signed wrongly on purpose, by case or connection.
    private static readonly string[] WrongOnPurpose =
        ["case:bad-signature", "case:signature-over-clientNonce-instead-of-nonce"];

    public static TheoryData<string> Recordings => [.. Transcript.All];

    [Theory]
    [MemberData(nameof(Recordings))]
    [Trait("spec", "W-17")]
    [Trait("spec", "W-18")]
    [Trait("spec", "W-19")]
    [Trait("spec", "W-25")]
    [Trait("spec", "W-50")]
    public void Every_recorded_signature_verifies_except_those_that_are_wrong_on_purpose(string name)
    {
        var verifier = new Ed25519Verifier();
        int checkedOnes = 0;
        foreach (Line line in Transcript.Load(name).Lines)
        {
            JsonElement? body = line.Member("params", "signature") is not null ? line.Message!.Value.GetProperty("params") : line.Member("payload", "signature") is not null ? line.Message!.Value.GetProperty("payload") : null;
            if (body is not { } proof || line.Type == "event") continue;

            HandshakeMembers? members = HandshakeMembers.Read(proof);
            Assert.NotNull(members);
            // A mismatch of key and pin is about the pin; each key here belongs to its own device.
            Assert.True(WireKeys.Binds(members.DeviceId, members.Key), line.Text);
            if (members.Nonce is null) continue;
            byte[]? text = HandshakeText.Build(new(members.DeviceId), members.SignedAtMs, members.Nonce!, members.MeshId ?? "", members.Role ?? "");
            bool holds = text is not null && verifier.Verify(members.Key, text, members.Signature);
            bool classic = line.Direction == "recv";
            bool wrong = !classic && WrongOnPurpose.Contains(line.Link);
            // The case that fails first and then does it right is in the list by its first attempt only.
            if (!classic && line.Link.StartsWith("case:nonce-consumed", StringComparison.Ordinal)) continue;
            Assert.True(holds != wrong, $"{name} t={line.At} {line.Link}: {(holds ? "verifies" : "does not verify")}");
            checkedOnes++;
        }

        Assert.True(checkedOnes > 0 || name.StartsWith("13", StringComparison.Ordinal), name);
    }

    [Fact]
    [Trait("spec", "W-29")]
    public void The_recorded_mesh_id_is_that_of_its_name() =>
        Assert.Equal(Transcript.MeshId, GoldenData.Json("signing-vectors.json").GetProperty("meshNames").EnumerateArray().Single(m => m.Text("name") == "golden-mesh").Text("meshId"));
}
