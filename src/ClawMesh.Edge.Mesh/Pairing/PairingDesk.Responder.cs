using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Handshake;

namespace ClawMesh.Edge.Mesh.Pairing;

// The end that was dialled. The first begin of a window uses it up; what follows counts from its connection alone ([X-53]).
public sealed partial class PairingDesk
{
    /// <summary>The methods of, open to every tier within the window ([X-69]).</summary>
    internal void Register(RpcDispatcher rpc)
    {
        rpc.Add("pair.begin", _ => true, (p, caller, _) => Task.FromResult(Begin(p, caller.Connection)));
        rpc.Add("pair.reveal", _ => true, (p, caller, _) => Task.FromResult(Reveal(p, caller.Connection)));
        rpc.Add("pair.confirm", _ => true, (p, caller, ct) => ConfirmedAsync(p, caller.Connection, ct));
        rpc.Add("pair.cancel", _ => true, (p, caller, _) => Task.FromResult(Cancelled(p, caller.Connection)));
    }

    /// <summary>Whether a connection without a session may live beyond the time of a handshake: it began the attempt of a window that has not ended, and may still have to be told how that ended.</summary>
    internal bool Holds(object connection)
    {
        lock (_lock) return _window is { } w && w.Connection == connection && w.State != PairingState.Stored && _world.Time.GetElapsedTime(w.OpenedAt) < _world.Window;
    }

    /// <summary>A connection is gone.</summary>
    internal void LinkEnded(object connection)
    {
        lock (_lock)
        {
            if (_window is not { } w || w.Connection != connection) return;
            End(w, PairingErrorCodes.Timeout, "the connection ended", byOther: true);
            w.Connection = null;
        }
    }

    internal Action<Utf8JsonWriter> Begin(JsonElement p, object? connection)
    {
        lock (_lock)
        {
            Expire();
            if (connection is null || _window is not { Role: PairingRole.Responder } w) throw NotActive();
            if (w.Connection == connection) throw Broken(w, "a second pair.begin");
            if (w.State != PairingState.Open) throw NotActive();
            (w.Attempted, w.State, w.Connection) = (true, PairingState.Committed, connection);
            Announce(false);
            if (PairingHello.Read(p, result: false, out string why) is not { } other) throw Broken(w, $"the other end's message is malformed: {why}");
            if (Examine(w, other) is { } refused) throw Broken(w, refused);
            byte[] commitment = PairingMath.Commitment(PairingRole.Responder, _world.Signer.PublicKey, w.Nonce);
            if (commitment.AsSpan().SequenceEqual(other.Commitment)) throw Broken(w, "the other end's commitment is this end's own");
            w.Other = other;
            (w.Own, w.OwnMessage) = PairingHello.Make(_world.Self(), StatedMesh(PairingRole.Responder, other.MeshId), w.Wants, w.Offers, commitment, _world.NewNonce()[..16]);
            return w.OwnMessage.WriteTo;
        }
    }

    internal Action<Utf8JsonWriter> Reveal(JsonElement p, object? connection)
    {
        lock (_lock)
        {
            PairingWindow w = Mine(p, connection);
            if (w.State != PairingState.Committed) throw Broken(w, "a second pair.reveal");
            if (RpcParams.TextOrNull(p, "nonce") is not { } text || WireKeys.TryDecode(text, PairingMath.NonceBytes) is not { } nonce) throw Broken(w, "the other end's nonce is malformed");
            if (!w.Other!.IsCommittedTo(PairingRole.Initiator, nonce)) throw Failed(w, PairingErrorCodes.CommitmentMismatch, "the other end's nonce is not the one it committed to");
            w.Show(nonce);
            string own = Base64Url.EncodeToString(w.Nonce);
            return writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("nonce", own);
                writer.WriteEndObject();
            };
        }
    }

    internal async Task<Action<Utf8JsonWriter>> ConfirmedAsync(JsonElement p, object? connection, CancellationToken cancellationToken)
    {
        PairingWindow w;
        lock (_lock)
        {
            w = Mine(p, connection);
            if (w.State is not (PairingState.Showing or PairingState.Waiting)) throw Broken(w, "pair.confirm came before pair.reveal");
            if (w.Signed) throw Broken(w, "a second pair.confirm");
            if (!Verifies(w, p)) throw Broken(w, "the other end's signature does not verify");
            w.Signed = true;
        }

        await FinishAsync(w);
        // Until the person at this end has answered; the window bounds it.
        await w.Over.Task.WaitAsync(cancellationToken);
        lock (_lock)
        {
            if (w.State != PairingState.Stored) throw Refusal(w);
            return Signature(w);
        }
    }

    internal Action<Utf8JsonWriter> Cancelled(JsonElement p, object? connection)
    {
        lock (_lock)
        {
            PairingWindow w = Mine(p, connection);
            string code = PairingErrorCodes.Known(RpcParams.TextOrNull(p, "code"));
            End(w, code, code == PairingErrorCodes.SasMismatch ? "the person at the other end says that the codes differ" : "the other end cancelled", byOther: true);
            return writer =>
            {
                writer.WriteStartObject();
                writer.WriteEndObject();
            };
        }
    }

    // What comes from elsewhere must not disturb the attempt; what breaks the order on its own connection ends it.
    private PairingWindow Mine(JsonElement p, object? connection)
    {
        Expire();
        if (connection is null || _window is not { Role: PairingRole.Responder } w || w.Connection != connection) throw NotActive();
        if (!w.IsLive) throw w.State == PairingState.Failed ? Refusal(w) : NotActive();
        return RpcParams.TextOrNull(p, "sessionId") == w.Own!.SessionId ? w : throw Broken(w, "the other end named another session");
    }

    private bool Verifies(PairingWindow w, JsonElement p)
    {
        PairingRole other = w.Role == PairingRole.Initiator ? PairingRole.Responder : PairingRole.Initiator;
        return RpcParams.TextOrNull(p, "sig") is { } text && WireKeys.TryDecode(text, WireKeys.SignatureBytes) is { } signature
            && _world.Verifier.Verify(w.Other!.Key, PairingMath.Confirmed(other, w.Transcript), signature);
    }

    private Action<Utf8JsonWriter> Signature(PairingWindow w)
    {
        string signature = Base64Url.EncodeToString(_world.Signer.Sign(PairingMath.Confirmed(w.Role, w.Transcript)));
        return writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("sig", signature);
            writer.WriteEndObject();
        };
    }

    private RpcRefusalException Broken(PairingWindow w, string why) => Failed(w, PairingErrorCodes.Rejected, why);

    private RpcRefusalException Failed(PairingWindow w, string code, string why)
    {
        End(w, code, why);
        return Refusal(w);
    }

    // The other end learns the code; why, only the person here.
    private static RpcRefusalException Refusal(PairingWindow w) => new(w.EndCode ?? PairingErrorCodes.Rejected, "the pairing has ended");

    private static RpcRefusalException NotActive() => new(PairingErrorCodes.NotActive, "no pairing window is open for this connection");
}
