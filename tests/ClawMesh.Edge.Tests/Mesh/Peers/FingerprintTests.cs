using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Tests.Mesh.Peers;

public sealed class FingerprintTests
{
    private const string Hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private static readonly string Colons = string.Join(':', Hex.Chunk(2).Select(pair => new string(pair)));

    [Fact]
    [Trait("spec", "W-13")]
    public void Every_way_to_write_a_pin_comes_to_the_same_64_digits()
    {
        string[] written =
        [
            Hex, Hex.ToUpperInvariant(), Colons, Colons.ToUpperInvariant(), $" {Hex}\t", $"sha256:{Hex}", $"SHA256/{Hex}", $"sha-256:{Colons}",
            $"Sha-256 {Hex}", $"sha256{Hex}", Colons.Replace(':', ' '), Colons.Replace(':', '-'), Hex + "é",
        ];

        Assert.All(written, text => Assert.True(Fingerprint.TryNormalise(text, out string hex64) && hex64 == Hex, text));
    }

    [Fact]
    [Trait("spec", "W-13")]
    public void What_does_not_come_to_64_digits_is_no_pin()
    {
        string[] written = ["", "sha256:", "none", Hex[1..], Hex + "0", $"md5:{Hex}", $"x{Colons}0", new string('a', 5000), new string('é', 64)];

        Assert.All(written, text => Assert.True(!Fingerprint.TryNormalise(text, out string hex64) && hex64.Length == 0, text));
    }
}
