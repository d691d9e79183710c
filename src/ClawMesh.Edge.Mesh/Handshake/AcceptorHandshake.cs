using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>The acceptor's half for one connection: issues the nonce and runs the checklist of [W-54]. Not thread-safe.</summary>
public sealed class AcceptorHandshake(HandshakeContext context)
{
    private string? _nonce;
    private long _issuedAt;

    /// <summary>Failed <c>mesh.connect</c> calls; the third ends the connection ([W-47]).</summary>
    public int Failures { get; private set; }

    /// <summary>A new nonce; it replaces the outstanding one ([W-46]).</summary>
    public string Challenge()
    {
        _nonce = Base64Url.EncodeToString(context.NewNonce());
        _issuedAt = context.Time.GetTimestamp();
        return _nonce;
    }

    /// <summary>Runs the checks in the order of the table; the first that fails answers. A session may be registered when the fault is null.</summary>
    public (PeerFacts? Peer, string ClientNonce, HandshakeFault? Fault) Connect(JsonElement parameters)
    {
        HandshakeMembers? members = HandshakeMembers.Read(parameters);
        HandshakeFault? fault =
            Complete(members)
            ?? NonceIssued(members!)
            ?? Trusted(members!, out TrustEntry? entry)
            ?? KeyBound(members!)
            ?? KeyPinned(members!, entry!)
            ?? Signed(members!)
            ?? SameMesh(members!)
            ?? FirstKey(members!, entry!);
        if (fault is not null)
        {
            Failures++;
            return (null, "", fault);
        }

        return (context.Facts(members!, "dialler", members!.Nonce!, parameters), members.ClientNonce!, null);
    }

    /// <summary>Writes the members of the result, signed over the dialler's nonce ([W-49]).</summary>
    public void WriteResult(Utf8JsonWriter w, string clientNonce) => context.WriteProof(w, clientNonce, "acceptor");

    private static HandshakeFault? Complete(HandshakeMembers? m)
    {
        if (m is null) return new HandshakeFault(GateCodes.InvalidParams, "deviceId, publicKey, signature and signedAtMs must be present and well formed");
        if (m.ClientNonce is null) return new HandshakeFault(GateCodes.InvalidParams, "clientNonce is missing; both ends prove who they are");
        return m.Nonce is null ? new HandshakeFault(HandshakeErrorCodes.NonceRequired, "mesh.connect needs the nonce of mesh.challenge") : null;
    }

    // A nonce that does not match leaves the outstanding one usable; one that matches is used up, whatever comes of it ([W-47]).
    private HandshakeFault? NonceIssued(HandshakeMembers m)
    {
        if (_nonce is null || m.Nonce != _nonce) return Unknown();
        _nonce = null;
        return context.Time.GetElapsedTime(_issuedAt) < HandshakeContext.NonceLife ? null : Unknown();

        static HandshakeFault Unknown() => new(HandshakeErrorCodes.NonceInvalid, "the nonce was not issued on this connection, was used, or is older than 60 s");
    }

    private HandshakeFault? Trusted(HandshakeMembers m, out TrustEntry? entry)
    {
        context.Trust.Refresh();
        return context.Trust.Entries.TryGetValue(m.DeviceId, out entry)
            ? null
            : new HandshakeFault(HandshakeErrorCodes.UntrustedPeer, $"device {m.DeviceId} is not in the trust store");
    }

    private static HandshakeFault? KeyBound(HandshakeMembers m) =>
        WireKeys.Binds(m.DeviceId, m.Key) ? null : new HandshakeFault(HandshakeErrorCodes.PublicKeyMismatch, "the public key does not belong to the device id");

    private static HandshakeFault? KeyPinned(HandshakeMembers m, TrustEntry entry) =>
        entry.PublicKey is null || entry.PublicKey == m.PublicKey ? null : new HandshakeFault(HandshakeErrorCodes.PublicKeyMismatch, "another public key is pinned for this device");

    private HandshakeFault? Signed(HandshakeMembers m) =>
        context.WithinDrift(m.SignedAtMs) && context.Verifies(m, m.Nonce!)
            ? null
            : new HandshakeFault(HandshakeErrorCodes.AuthFailed, "the signature does not verify, or its time is more than 300 s away");

    private HandshakeFault? SameMesh(HandshakeMembers m) =>
        context.SameMesh(m.MeshId) ? null : new HandshakeFault(HandshakeErrorCodes.MeshIdMismatch, $"the peer belongs to mesh {m.MeshId}, this node to {context.Self().MeshId}");

    // [W-26]: before the session is registered.
    private HandshakeFault? FirstKey(HandshakeMembers m, TrustEntry entry)
    {
        if (entry.PublicKey is not null) return null;
        try
        {
            context.Trust.Pin(entry.DeviceId, m.PublicKey);
            return null;
        }
        catch (EdgeException)
        {
            return new HandshakeFault(GateCodes.InternalError, "the first key could not be stored");
        }
    }
}
