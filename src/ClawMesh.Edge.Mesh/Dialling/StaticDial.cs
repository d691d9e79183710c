using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>Where a static peer's dialler stands; shown by <c>status</c> and <c>peers</c>.</summary>
public enum DialState
{
    /// <summary>Waits for its next attempt.</summary>
    Waiting,
    Dialling,
    Connected,

    /// <summary>The lower-id peer dials us; our client rests ([W-40]).</summary>
    StoodDown,

    /// <summary>Not dialled by rule: the link would be a WAN link without a pin ([W-164]), or it is ourselves.</summary>
    Refused,

    /// <summary>Not in the trust store ([W-28]).</summary>
    Untrusted,
}

/// <summary>One peer with its dialler. Changed by the mesh under its lock only.</summary>
public sealed class StaticDial
{
    private readonly Backoff _backoff;

    /// <param name="before">The dialler of the same device whose pauses this one goes on with.</param>
    internal StaticDial(StaticPeer peer, Func<double> chance, StaticDial? before = null) =>
        (Peer, _backoff, LastFault) = (peer, before?._backoff ?? new Backoff(chance), before?.LastFault ?? "");

    public StaticPeer Peer { get; }

    /// <summary>Found, not configured: forgotten when it ends, and dialled anew only by the rules of [W-39].</summary>
    public bool Discovered { get; internal init; }

    /// <summary>A discovered one whose attempt or session has ended: it only keeps the pause until the next ([W-42]).</summary>
    internal bool Paused { get; set; }

    public DialState State { get; internal set; }

    /// <summary>Why the last attempt came to nothing; empty after a handshake.</summary>
    public string LastFault { get; internal set; }

    public int Attempts => _backoff.Attempts;

    // A timestamp of the node's clock; 0 means at once.
    internal long NextAt { get; private set; }

    // When the session that made us stand down was last seen.
    internal long RivalSeenAt { get; set; }

    /// <summary>Ends an attempt or a session; the next one comes after the back-off, whatever the reason was ([W-42]).</summary>
    internal void Lost(string fault, TimeProvider time)
    {
        State = DialState.Waiting;
        LastFault = fault;
        NextAt = time.GetTimestamp() + (long)(_backoff.Next().TotalSeconds * time.TimestampFrequency);
    }

    internal void Succeeded()
    {
        State = DialState.Connected;
        LastFault = "";
        _backoff.Reset();
    }

    internal void Resume() => (State, NextAt) = (DialState.Waiting, 0);
}
