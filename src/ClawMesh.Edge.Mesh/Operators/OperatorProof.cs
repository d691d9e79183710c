using System.Buffers;
using System.Security.Cryptography;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Operators;

/// <summary>The macs by which both ends show that they know the token ([X-65]).</summary>
public static class OperatorProof
{
    /// <summary>Length of the token, of a nonce, of a mac and of a binding.</summary>
    internal const int Bytes = 32;

    internal const string Client = "client";
    internal const string Server = "server";
    private const string Label = "clawmesh-edge/operator/v1";
    private static readonly SearchValues<char> Base64UrlDigits = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>What a client sends, 64 hex digits.</summary>
    /// <param name="binding">SHA-256 of the DER of the server's certificate as the client saw it, 32 bytes; empty on loopback without TLS.</param>
    public static string ClientMac(byte[] token, NodeId server, byte[] binding, string nonce, string clientNonce) =>
        Mac(Client, token, server, binding, nonce, clientNonce);

    /// <summary>Whether the answer shows that the server knows the token. Constant time.</summary>
    public static bool ServerMacMatches(string mac, byte[] token, NodeId server, byte[] binding, string nonce, string clientNonce) =>
        Matches(mac, Server, token, server, binding, nonce, clientNonce);

    internal static string Mac(string side, byte[] token, NodeId server, byte[] binding, string nonce, string clientNonce) =>
        Convert.ToHexStringLower(Compute(side, token, server, binding, nonce, clientNonce));

    internal static bool Matches(string mac, string side, byte[] token, NodeId server, byte[] binding, string nonce, string clientNonce)
    {
        Span<byte> given = stackalloc byte[Bytes];
        return TryHex(mac, given) && CryptographicOperations.FixedTimeEquals(given, Compute(side, token, server, binding, nonce, clientNonce));
    }

    /// <summary>43 base64url characters; the text enters the mac as it stands.</summary>
    internal static bool IsNonce(string text) => text.Length == 43 && !text.AsSpan().ContainsAnyExcept(Base64UrlDigits);

    internal static bool TryHex(string text, Span<byte> bytes) =>
        text.Length == 2 * bytes.Length && Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done;

    private static byte[] Compute(string side, byte[] token, NodeId server, byte[] binding, string nonce, string clientNonce)
    {
        if (binding.Length is not (0 or Bytes)) throw new ArgumentException($"A binding has 0 or {Bytes} bytes, not {binding.Length}.", nameof(binding));
        return HMACSHA256.HashData(token, DomainSeparation.Bytes(
            Label, DomainSeparation.Text(side), DomainSeparation.Text(server.Value), binding, DomainSeparation.Text(nonce), DomainSeparation.Text(clientNonce)));
    }
}
