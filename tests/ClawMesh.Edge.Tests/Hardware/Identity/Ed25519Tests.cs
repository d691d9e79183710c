using System.Numerics;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Native.Crypto;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

public class Ed25519Tests
{
    private static readonly JsonElement Golden = GoldenData.Json("signing-vectors.json");
    private static readonly Ed25519Verifier Verifier = new();

    public static TheoryData<int> ValidIds => [.. Golden.GetProperty("valid").EnumerateArray().Select(v => v.GetProperty("id").GetInt32())];

    // RFC 8032 section 7.1, tests 1 to 3 and 1024.
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    [Trait("spec", "W-16")]
    public void The_vectors_of_RFC_8032_are_reproduced(string seed, string message, string signature)
    {
        using Ed25519Signer signer = Ed25519Signer.FromSeed(Convert.FromHexString(seed));

        byte[] signed = signer.Sign(Convert.FromHexString(message));

        Assert.Equal(signature, Convert.ToHexStringLower(signed));
        Assert.True(Verifier.Verify(signer.PublicKey.Span, Convert.FromHexString(message), signed));
    }

    [Theory]
    [MemberData(nameof(ValidIds))]
    [Trait("spec", "W-52")]
    public void Handshake_strings_are_signed_and_verified_as_the_classic_node_does(int id)
    {
        JsonElement vector = Golden.GetProperty("valid").EnumerateArray().Single(v => v.GetProperty("id").GetInt32() == id);
        JsonElement key = Golden.GetProperty("keys").GetProperty(vector.Text("key"));
        using Ed25519Signer signer = Ed25519Signer.FromSeed(key.Hex("seedHex"));
        byte[] message = Encoding.UTF8.GetBytes(vector.Text("signedString"));

        byte[] signature = signer.Sign(message);

        Assert.Equal(vector.Hex("signedBytesHex"), message);
        Assert.Equal(vector.Text("signature"), System.Buffers.Text.Base64Url.EncodeToString(signature));
        Assert.Equal(key.Text("deviceId"), signer.DeviceId.Value);
        Assert.Equal(key.Base64Url("publicKey"), signer.PublicKey.ToArray());
        Assert.True(Verifier.Verify(key.Base64Url("publicKey"), message, vector.Base64Url("signature")));
    }

    [Theory]
    [MemberData(nameof(ValidIds))]
    public void One_changed_bit_anywhere_is_refused(int id)
    {
        JsonElement vector = Golden.GetProperty("valid").EnumerateArray().Single(v => v.GetProperty("id").GetInt32() == id);
        byte[] key = Golden.GetProperty("keys").GetProperty(vector.Text("key")).Base64Url("publicKey");
        byte[] message = vector.Hex("signedBytesHex");
        byte[] signature = vector.Base64Url("signature");

        foreach (byte[] part in new[] { key, message, signature })
        {
            for (int bit = 0; bit < part.Length * 8; bit += 3)
            {
                part[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(Verifier.Verify(key, message, signature), $"bit {bit} of a part of {part.Length} bytes");
                part[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        Assert.True(Verifier.Verify(key, message, signature));
    }

    [Fact]
    public void A_signature_by_another_key_and_a_flipped_bit_of_the_golden_file_are_refused()
    {
        JsonElement two = Golden.GetProperty("valid").EnumerateArray().Single(v => v.GetProperty("id").GetInt32() == 2);
        JsonElement keys = Golden.GetProperty("keys");
        JsonElement flipped = Golden.GetProperty("invalid").EnumerateArray().First().GetProperty("change");

        Assert.False(Verifier.Verify(keys.GetProperty("rfc8032-2").Base64Url("publicKey"), two.Hex("signedBytesHex"), two.Base64Url("signature")));
        Assert.False(Verifier.Verify(keys.GetProperty("rfc8032-1").Base64Url("publicKey"), two.Hex("signedBytesHex"), flipped.Base64Url("signature")));
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(31, 64)]
    [InlineData(33, 64)]
    [InlineData(32, 0)]
    [InlineData(32, 63)]
    [InlineData(32, 65)]
    public void Wrong_lengths_are_false_and_never_an_exception(int keyBytes, int signatureBytes) =>
        Assert.False(Verifier.Verify(new byte[keyBytes], "x"u8, new byte[signatureBytes]));

    // The eight points of small order, and every encoding with y >= p that spells one of them again.
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [Trait("spec", "W-19")]
    public void A_key_of_small_order_is_refused_whatever_it_verifies(string keyHex)
    {
        byte[] key = Convert.FromHexString(keyHex);
        byte[] signature = new byte[64];

        // S = 0 and R a point of small order: with such a key, R + hA is of small order for every message, and the identity for some.
        bool openSslWasFooled = false;
        foreach (string r in SmallOrderPoints)
        {
            Convert.FromHexString(r).CopyTo(signature, 0);
            for (byte message = 0; message < 32; message++)
            {
                Assert.False(Verifier.Verify(key, [message], signature));
                openSslWasFooled |= Ed25519.Verify(key, [message], signature);
            }
        }

        // The check is worth having: OpenSSL alone says yes to some of these (to all whose encoding it decodes).
        Assert.True(openSslWasFooled || !OpenSslDecodes(keyHex));
    }

    [Fact]
    [Trait("spec", "W-19")]
    public void OpenSSL_alone_would_accept_the_identity_as_a_key_for_any_message()
    {
        byte[] identity = Convert.FromHexString(SmallOrderPoints[0]);
        byte[] signature = [.. identity, .. new byte[32]];

        Assert.True(Ed25519.Verify(identity, "open the valve"u8, signature));
        Assert.False(Verifier.Verify(identity, "open the valve"u8, signature));
    }

    [Fact]
    public void A_key_with_y_at_or_above_p_is_refused_although_it_may_be_a_point()
    {
        for (int low = 0xed; low <= 0xff; low++)
        {
            byte[] key = [(byte)low, .. Enumerable.Repeat((byte)0xff, 30), 0x7f];
            Assert.False(Ed25519Points.IsAcceptable(key));
            key[31] = 0xff;
            Assert.False(Ed25519Points.IsAcceptable(key));
        }

        Assert.True(Ed25519Points.IsAcceptable(Convert.FromHexString("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")));
    }

    [Theory]
    [MemberData(nameof(ValidIds))]
    [Trait("spec", "W-19")]
    public void An_S_with_the_group_order_added_is_refused(int id)
    {
        JsonElement vector = Golden.GetProperty("valid").EnumerateArray().Single(v => v.GetProperty("id").GetInt32() == id);
        byte[] key = Golden.GetProperty("keys").GetProperty(vector.Text("key")).Base64Url("publicKey");
        byte[] signature = vector.Base64Url("signature");
        BigInteger order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
        BigInteger s = new BigInteger(signature.AsSpan(32), isUnsigned: true) + order;
        byte[] malleated = [.. signature[..32], .. s.ToByteArray(isUnsigned: true), .. new byte[32]];

        Assert.False(Verifier.Verify(key, vector.Hex("signedBytesHex"), malleated.AsSpan(0, 64)));
    }

    [Fact]
    public void Signing_and_verifying_from_many_threads_at_once_is_right()
    {
        using Ed25519Signer signer = Ed25519Signer.Generate();

        Parallel.For(0, 400, i =>
        {
            byte[] message = BitConverter.GetBytes(i);
            Assert.True(Verifier.Verify(signer.PublicKey.Span, message, signer.Sign(message)));
        });
    }

    [Fact]
    public void Signing_after_disposal_throws_instead_of_crashing()
    {
        Ed25519Signer signer = Ed25519Signer.Generate();
        signer.Dispose();

        Assert.Throws<ObjectDisposedException>(() => signer.Sign("x"u8));
    }

    private static readonly string[] SmallOrderPoints =
    [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];

    // With x = 0 and the sign bit set there is no point; OpenSSL's decoder is lenient about some of these, so only the sure ones count.
    private static bool OpenSslDecodes(string keyHex) => SmallOrderPoints.Contains(keyHex);
}
