using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Operators;

/// <summary>How the caller is connected, as far as <c>operator.auth</c> asks ([X-66]).</summary>
/// <param name="Address">Remote address; failures are counted by it ([X-67]).</param>
/// <param name="Binding">SHA-256 of the DER of this node's certificate, 32 bytes, on TLS; empty without TLS.</param>
public sealed record OperatorLink(IPAddress Address, byte[] Binding)
{
    public bool IsLoopback => IPAddress.IsLoopback(Address.IsIPv4MappedToIPv6 ? Address.MapToIPv4() : Address);

    public bool IsTls => Binding.Length > 0;
}

/// <summary>An accepted proof. The socket is an operator's until it closes, at most eight hours ([X-65]).</summary>
/// <param name="ExpiresAtMs">Milliseconds since the Unix epoch, for the answer.</param>
/// <param name="ServerMac">64 hex digits for the answer; null after the simple form, which proves nothing to the client.</param>
public sealed record OperatorGrant(long ExpiresAtMs, string? ServerMac, TimeProvider Time)
{
    private readonly long _since = Time.GetTimestamp();

    /// <summary>On the monotonic clock, so that a step of the wall clock neither ends nor prolongs it.</summary>
    public bool IsActive => Time.GetElapsedTime(_since) < OperatorAuthenticator.GrantLifetime;
}

/// <summary>Either a grant or a refusal.</summary>
public sealed record OperatorVerdict(OperatorGrant? Grant, Refusal? Refusal);

/// <summary>
/// Judges operator proofs of all connections ([X-64] to ). Thread-safe. Never shows the token. Whoever calls it logs the refusals.
/// </summary>
/// <param name="token">The 32 token bytes; kept, not copied.</param>
/// <param name="server">This node's device id.</param>
public sealed class OperatorAuthenticator(byte[] token, NodeId server, TimeProvider time)
{
    public static readonly TimeSpan GrantLifetime = TimeSpan.FromHours(8);

    private readonly FailureLimit _limit = new(time);

    /// <summary>Proofs refused since the start, those from a blocked address included.</summary>
    public long Failures => _limit.Refused;

    /// <summary>The two-step form of: loopback or TLS.</summary>
    /// <param name="challenge">Of this connection; used up by any attempt.</param>
    /// <param name="nonce">As the client sent it.</param>
    /// <returns>A grant, or <c>NOT_AUTHORIZED</c>, <c>INVALID_PARAMS</c>, <c>RATE_LIMITED</c>.</returns>
    public OperatorVerdict Verify(OperatorLink link, OperatorChallenge challenge, string nonce, string clientNonce, string mac)
    {
        if (!link.IsLoopback && !link.IsTls) return No(GateCodes.NotAuthorized, "Operators authenticate on loopback or wss only.");
        bool fresh = challenge.TryTake(nonce);
        if (Blocked(link) is { } blocked) return blocked;
        if (!OperatorProof.IsNonce(nonce) || !OperatorProof.IsNonce(clientNonce)) return No(GateCodes.InvalidParams, "nonce and clientNonce are 32 bytes in base64url.");
        if (!OperatorProof.Matches(mac, OperatorProof.Client, token, server, link.Binding, nonce, clientNonce))
            return Failed(link, "The proof does not fit the token, the node or the certificate.");
        if (!fresh) return Failed(link, "The challenge was used, is older than 60 s, or is of another connection.");
        return Yes(OperatorProof.Mac(OperatorProof.Server, token, server, link.Binding, nonce, clientNonce));
    }

    /// <summary>The simple form for shell tools: loopback only ([X-66]).</summary>
    /// <param name="tokenHex">64 hex digits.</param>
    /// <returns>A grant, or <c>NOT_AUTHORIZED</c>, <c>RATE_LIMITED</c>.</returns>
    public OperatorVerdict VerifyToken(OperatorLink link, string tokenHex)
    {
        if (!link.IsLoopback) return No(GateCodes.NotAuthorized, "The token itself is accepted on loopback only.");
        if (Blocked(link) is { } blocked) return blocked;
        Span<byte> given = stackalloc byte[OperatorProof.Bytes];
        bool equal = OperatorProof.TryHex(tokenHex, given) && CryptographicOperations.FixedTimeEquals(given, token);
        CryptographicOperations.ZeroMemory(given);
        return equal ? Yes(serverMac: null) : Failed(link, "The token is another.");
    }

    /// <summary>Never the token.</summary>
    public override string ToString() => $"operators of {server.Abbreviated}";

    private OperatorVerdict? Blocked(OperatorLink link) =>
        _limit.IsBlocked(link.Address) ? No(GateCodes.RateLimited, "Five proofs from this address failed within a minute; it has to wait for 60 s.") : null;

    private OperatorVerdict Failed(OperatorLink link, string why)
    {
        _limit.Fail(link.Address);
        return No(GateCodes.NotAuthorized, why);
    }

    private OperatorVerdict Yes(string? serverMac) =>
        new(new OperatorGrant((time.GetUtcNow() + GrantLifetime).ToUnixTimeMilliseconds(), serverMac, time), null);

    private static OperatorVerdict No(string code, string why) => new(null, new Refusal(code, why));
}

/// <summary>The challenge of one connection: one nonce at a time, good once and for 60 s ([X-65]). Used by one caller at a time.</summary>
/// <param name="random">32 bytes from the operating system's generator.</param>
public sealed class OperatorChallenge(TimeProvider time, Func<byte[]> random)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private string? _nonce;
    private long _issued;

    /// <summary>A new nonce, 43 base64url characters; an earlier one is void.</summary>
    public string Issue()
    {
        byte[] bytes = random();
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, OperatorProof.Bytes);
        (_nonce, _issued) = (Base64Url.EncodeToString(bytes), time.GetTimestamp());
        return _nonce;
    }

    /// <summary>Whether <paramref name="nonce"/> is the open one. Right or wrong, none is open afterwards.</summary>
    public bool TryTake(string nonce)
    {
        string? open = _nonce;
        _nonce = null;
        return open is not null && open == nonce && time.GetElapsedTime(_issued) <= Lifetime;
    }
}
