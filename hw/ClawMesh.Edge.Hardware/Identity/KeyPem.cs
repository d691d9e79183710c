using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// The two PEM forms of [W-20], read and written by their fixed DER prefixes. Nothing else is accepted: no other algorithm, no
/// attributes, no encryption. Works on byte buffers so that key text can be wiped.
/// </summary>
internal static class KeyPem
{
    internal const int KeyBytes = 32;

    private static readonly byte[] SpkiPrefix = Convert.FromHexString("302a300506032b6570032100");
    private static readonly byte[] Pkcs8Prefix = Convert.FromHexString("302e020100300506032b657004220420");

    private const int MaxDerBytes = 48;

    internal static byte[] Public(ReadOnlySpan<byte> key) => Write("PUBLIC KEY"u8, SpkiPrefix, key);

    /// <summary>The caller wipes the result.</summary>
    internal static byte[] Private(ReadOnlySpan<byte> seed) => Write("PRIVATE KEY"u8, Pkcs8Prefix, seed);

    internal static bool TryReadPublic(ReadOnlySpan<byte> pem, Span<byte> key) => TryRead(pem, "PUBLIC KEY"u8, SpkiPrefix, key);

    internal static bool TryReadPrivate(ReadOnlySpan<byte> pem, Span<byte> seed) => TryRead(pem, "PRIVATE KEY"u8, Pkcs8Prefix, seed);

    private static byte[] Write(ReadOnlySpan<byte> label, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> key)
    {
        Span<byte> der = stackalloc byte[MaxDerBytes];
        Span<byte> base64 = stackalloc byte[64];
        try
        {
            prefix.CopyTo(der);
            key.CopyTo(der[prefix.Length..]);
            Base64.EncodeToUtf8(der[..(prefix.Length + KeyBytes)], base64, out _, out int written);
            return [.. "-----BEGIN "u8, .. label, .. "-----\n"u8, .. base64[..written], .. "\n-----END "u8, .. label, .. "-----\n"u8];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
            CryptographicOperations.ZeroMemory(base64);
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> pem, ReadOnlySpan<byte> label, ReadOnlySpan<byte> prefix, Span<byte> key)
    {
        pem = pem.Trim("\r\n\t "u8);
        if (!Strip(ref pem, "-----BEGIN "u8, label) || !StripEnd(ref pem, label)) return false;

        // A little room, so that a key of another kind is told apart from one that merely does not fit.
        Span<byte> der = stackalloc byte[MaxDerBytes + 3];
        try
        {
            // Base64 decoding skips line ends by itself.
            if (Base64.DecodeFromUtf8(pem, der, out int consumed, out int written) != OperationStatus.Done) return false;
            if (consumed != pem.Length || written != prefix.Length + KeyBytes || !der.StartsWith(prefix)) return false;
            der.Slice(prefix.Length, KeyBytes).CopyTo(key);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static bool Strip(ref ReadOnlySpan<byte> pem, ReadOnlySpan<byte> begin, ReadOnlySpan<byte> label)
    {
        if (!pem.StartsWith(begin)) return false;
        pem = pem[begin.Length..];
        if (!pem.StartsWith(label)) return false;
        pem = pem[label.Length..];
        if (!pem.StartsWith("-----"u8)) return false;
        pem = pem[5..];
        return true;
    }

    private static bool StripEnd(ref ReadOnlySpan<byte> pem, ReadOnlySpan<byte> label)
    {
        if (!pem.EndsWith("-----"u8)) return false;
        pem = pem[..^5];
        if (!pem.EndsWith(label)) return false;
        pem = pem[..^label.Length];
        if (!pem.EndsWith("-----END "u8)) return false;
        pem = pem[..^9].Trim("\r\n\t "u8);
        return true;
    }
}
