using System.Text.Json;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>One window and its one attempt. Changed under the lock of its desk alone.</summary>
internal sealed class PairingWindow(object owner, string by, PairingRole role, PeerGrants offers, PeerGrants wants, long openedAt, bool inline)
{
    /// <summary>The local connection whose person opened the window and alone may confirm.</summary>
    public object Owner => owner;

    public string By => by;

    public PairingRole Role => role;

    public PeerGrants Offers => offers;

    public PeerGrants Wants => wants;

    public long OpenedAt => openedAt;

    public PairingState State { get; set; } = PairingState.Open;

    /// <summary>The window is used up: its end is a failed attempt.</summary>
    public bool Attempted { get; set; }

    /// <summary>At the responder: the connection that began.</summary>
    public object? Connection { get; set; }

    public byte[] Nonce { get; set; } = [];

    public PairingHello? Own { get; set; }

    public JsonElement OwnMessage { get; set; }

    public PairingHello? Other { get; set; }

    public PeerGrants? Gives => Other is null ? null : PairingGrants.Both(offers, Other.Wants);

    public PeerGrants? Gets => Other is null ? null : PairingGrants.Both(Other.Offers, wants);

    /// <summary>The mesh to join on success.</summary>
    public string? Joins { get; set; }

    public byte[] Transcript { get; set; } = [];

    public string? Code { get; set; }

    /// <summary>This end's person agreed.</summary>
    public bool Agreed { get; set; }

    /// <summary>The other end's signature verified.</summary>
    public bool Signed { get; set; }

    public string? EndCode { get; set; }

    public string? EndWhy { get; set; }

    /// <summary>The other end said that it is over, or is gone.</summary>
    public bool EndedByOther { get; set; }

    public bool IsLive => State is not (PairingState.Stored or PairingState.Failed);

    /// <summary>True when this end's person agreed, false when it ended before.</summary>
    public TaskCompletionSource<bool> Person { get; } = new(Continuing(inline));

    /// <summary>Stored or failed.</summary>
    public TaskCompletionSource Over { get; } = new(Continuing(inline));

    /// <summary>Both messages and both nonces are known: transcript and code follow.</summary>
    public void Show(byte[] otherNonce)
    {
        (PairingHello i, PairingHello r) = role == PairingRole.Initiator ? (Own!, Other!) : (Other!, Own!);
        (byte[] nonceI, byte[] nonceR) = role == PairingRole.Initiator ? (Nonce, otherNonce) : (otherNonce, Nonce);
        Transcript = PairingMath.Transcript(i.Key, r.Key, nonceI, nonceR, i.Hash, r.Hash);
        Code = PairingMath.Code(Transcript);
        State = PairingState.Showing;
    }

    private static TaskCreationOptions Continuing(bool inline) => inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously;
}
