namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// What [W-19] asks of a public key and OpenSSL does not check. A key of small order verifies signatures over every message,
/// and a second spelling of the same point would be a second device id for the same key.
/// </summary>
internal static class Ed25519Points
{
    // The y coordinates of the eight points of small order, little-endian: 0 (order 4, two signs), 1 (identity), p - 1 (order 2),
    // and the two of order 8, each with two signs. Same list as in libsodium's ge25519_has_small_order.
    private static readonly byte[][] SmallOrderY =
    [
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];

    /// <summary>True unless the 32 bytes are a non-canonical encoding or a point of small order. Public data, so not constant time.</summary>
    internal static bool IsAcceptable(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != 32) return false;

        // Bit 255 is the sign of x; what counts is y, in all spellings.
        Span<byte> y = stackalloc byte[32];
        publicKey.CopyTo(y);
        y[31] &= 0x7f;
        if (IsAtLeastP(y)) return false;
        foreach (byte[] small in SmallOrderY)
        {
            if (y.SequenceEqual(small)) return false;
        }

        return true;
    }

    // p = 2^255 - 19, little-endian ed ff … ff 7f. RFC 8032 section 5.1.3: y >= p does not decode.
    private static bool IsAtLeastP(ReadOnlySpan<byte> y) =>
        y[31] == 0x7f && y[0] >= 0xed && !y[1..31].ContainsAnyExcept((byte)0xff);
}
