using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Pairing;

// The end that dials.
public sealed partial class PairingDesk
{
    private static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(2);

    private async Task InitiateAsync(PairingWindow w, StaticPeer target, NodeId? expected)
    {
        try
        {
            await using IPairingLine line = await _world.Dial(target, _world.Stopping);
            _ = line.Gone.ContinueWith(_ => Lost(w), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            try
            {
                if (await BeginAsync(w, line, expected) && await RevealAsync(w, line) && await w.Person.Task) await SignAsync(w, line);
            }
            catch (Exception bug) when (bug is not (EdgeException or OperationCanceledException))
            {
                // Here, before the end of the connection is taken for the reason.
                Fault(w, bug);
            }

            // The other end waits for a person; it is told when nothing comes any more.
            if (w is { State: PairingState.Failed, Attempted: true, EndedByOther: false, Other: { } other })
            {
                await line.CallAsync(
                    "pair.cancel",
                    p =>
                    {
                        p.WriteString("sessionId", other.SessionId);
                        p.WriteString("code", w.EndCode);
                    },
                    CancelLimit, CancellationToken.None);
            }
        }
        catch (EdgeException unreached)
        {
            lock (_lock) End(w, unreached.Code, $"{unreached.What} {unreached.Why}".TrimEnd('.'));
        }
        catch (OperationCanceledException)
        {
            lock (_lock) End(w, PairingErrorCodes.Rejected, "this node stops");
        }
        catch (Exception bug)
        {
            // The node's stop waits for this task and has outputs to make safe after it.
            Fault(w, bug);
        }
    }

    // True when the other end has committed itself as it must.
    private async Task<bool> BeginAsync(PairingWindow w, IPairingLine line, NodeId? expected)
    {
        JsonElement message;
        lock (_lock)
        {
            if (w.State != PairingState.Open) return false;
            byte[] commitment = PairingMath.Commitment(PairingRole.Initiator, _world.Signer.PublicKey, w.Nonce);
            (w.Own, w.OwnMessage) = PairingHello.Make(_world.Self(), StatedMesh(PairingRole.Initiator, null), w.Wants, w.Offers, commitment, null);
            message = w.OwnMessage;
        }

        CallResult answer = await line.CallAsync(
            "pair.begin",
            p =>
            {
                foreach (JsonProperty member in message.EnumerateObject()) member.WriteTo(p);
            },
            StepLimit, _world.Stopping);
        lock (_lock)
        {
            if (w.State != PairingState.Open) return false;
            // A refusal here was no attempt: nothing was committed, and nobody's window here is delayed by it.
            if (!answer.Ok)
            {
                bool cannot = answer.Code is GateCodes.UnknownMethod or GateCodes.NotAuthorized;
                End(w, cannot ? PairingErrorCodes.NotActive : CodeOf(answer), cannot ? "the other device has no pairing by code; compare fingerprints and use `trust add`" : WhyOf(answer), byOther: true);
                return false;
            }

            (w.Attempted, w.State) = (true, PairingState.Committed);
            if (PairingHello.Read(answer.Payload, result: true, out string why) is not { } other)
            {
                // Without a session id there is nothing to cancel.
                End(w, PairingErrorCodes.Rejected, $"the other end's answer is malformed: {why}", byOther: true);
                return false;
            }

            w.Other = other;
            string? refused = Examine(w, other)
                ?? (other.Commitment.AsSpan().SequenceEqual(w.Own.Commitment) ? "the other end's commitment is this end's own" : null)
                ?? (expected is { } wanted && wanted != other.DeviceId ? $"it is not {wanted.Abbreviated}…, which was chosen" : null);
            if (refused is null) return true;
            End(w, PairingErrorCodes.Rejected, refused);
            return false;
        }
    }

    private async Task<bool> RevealAsync(PairingWindow w, IPairingLine line)
    {
        CallResult answer = await line.CallAsync(
            "pair.reveal",
            p =>
            {
                p.WriteString("sessionId", w.Other!.SessionId);
                p.WriteString("nonce", Base64Url.EncodeToString(w.Nonce));
            },
            StepLimit, _world.Stopping);
        lock (_lock)
        {
            if (w.State != PairingState.Committed || Refused(w, answer)) return false;
            if (RpcParams.TextOrNull(answer.Payload, "nonce") is not { } text || WireKeys.TryDecode(text, PairingMath.NonceBytes) is not { } nonce)
                End(w, PairingErrorCodes.Rejected, "the other end's nonce is malformed");
            else if (!w.Other!.IsCommittedTo(PairingRole.Responder, nonce))
                End(w, PairingErrorCodes.CommitmentMismatch, "the other end's nonce is not the one it committed to");
            else
                w.Show(nonce);
            return w.State == PairingState.Showing;
        }
    }

    private async Task SignAsync(PairingWindow w, IPairingLine line)
    {
        byte[] signature = _world.Signer.Sign(PairingMath.Confirmed(PairingRole.Initiator, w.Transcript));
        Task<CallResult> asked = line.CallAsync(
            "pair.confirm",
            p =>
            {
                p.WriteString("sessionId", w.Other!.SessionId);
                p.WriteString("sig", Base64Url.EncodeToString(signature));
            },
            _world.Window, _world.Stopping);
        // The person at the other end takes time; the one at this end may leave meanwhile.
        await Task.WhenAny(asked, w.Over.Task);
        if (!asked.IsCompleted) return;
        CallResult answer = await asked;
        lock (_lock)
        {
            if (w.State != PairingState.Waiting || Refused(w, answer)) return;
            if (!Verifies(w, answer.Payload))
            {
                End(w, PairingErrorCodes.Rejected, "the other end's signature does not verify");
                return;
            }

            w.Signed = true;
        }

        await FinishAsync(w);
    }

    private bool Refused(PairingWindow w, CallResult answer)
    {
        if (answer.Ok) return false;
        End(w, CodeOf(answer), WhyOf(answer), byOther: true);
        return true;
    }

    private void Lost(PairingWindow w)
    {
        lock (_lock) End(w, PairingErrorCodes.Timeout, "the connection ended", byOther: true);
    }

    private static bool IsLocal(CallResult failure) => failure.Code is CallErrorCodes.Timeout or CallErrorCodes.PeerDisconnected or CallErrorCodes.SendFailed or CallErrorCodes.NotConnected;

    private static string CodeOf(CallResult failure) => IsLocal(failure) ? PairingErrorCodes.Timeout : PairingErrorCodes.Known(failure.Code);

    private static string WhyOf(CallResult failure) => IsLocal(failure) ? "the other end did not answer in time, or hung up" : failure.Code switch
    {
        PairingErrorCodes.NotActive => "no pairing window is open at the other end; run `clawmesh-edge pair --accept` there",
        PairingErrorCodes.SasMismatch => "the person at the other end says that the codes differ",
        PairingErrorCodes.Timeout => "the window at the other end ended",
        PairingErrorCodes.CommitmentMismatch => "the other end says that this end's nonce is not the one it committed to",
        _ => "the other end refused",
    };
}
