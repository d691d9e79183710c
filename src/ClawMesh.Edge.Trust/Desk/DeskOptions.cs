using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>How strictly this node takes commands. Immutable.</summary>
public sealed record DeskOptions
{
    /// <summary>Oldest age of a command, 5 s to 300 s ([W-104]).</summary>
    public TimeSpan Freshness { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How far ahead of our clock a command may be dated ([X-46]).</summary>
    public static readonly TimeSpan FutureTolerance = TimeSpan.FromSeconds(5);

    /// <summary>Command ids younger than 24 h remembered per output, <see cref="SafeReserve"/> included; beyond it new ones get <c>REPLAY_WINDOW_FULL</c> ([X-44]).</summary>
    public int ReplayCapacityPerOutput { get; init; } = 16_384;

    /// <summary>Places of them that only commands to the safe state may take ([X-44]).</summary>
    public const int SafeReserve = 256;

    /// <summary>Pause between two safety ticks. Shorter ends leases more exactly and costs idle CPU.</summary>
    public TimeSpan SafetyTick { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>True unless the site is simulated: simulated readings then support nothing.</summary>
    public bool OutputsAreReal { get; init; } = true;

    /// <summary>Who hears from the safety tick that it lives.</summary>
    public IReadOnlyList<IHeartbeat> Heartbeats { get; init; } = [];

    /// <summary>Whether they hear nothing while a bus does not carry out a safe write, so that a watchdog acts.</summary>
    public bool WithholdBeatWhenBusBlocked { get; init; }

    /// <summary>Watches the outputs from the safety tick; null for nobody.</summary>
    public Safety.ISafetyTap? Tap { get; init; }

    /// <summary>What forecasts say about commands that everything else allowed; null asks nobody.</summary>
    public IActuationVeto? Veto { get; init; }

    public VetoMode VetoMode { get; init; } = VetoMode.Advise;

    /// <summary>The mesh this node belongs to now; part of every command digest ([X-43]).</summary>
    public required Func<string> MeshId { get; init; }

    /// <summary>Verifies what commands are signed with ([X-50]); null verifies nothing, so every signature is wrong.</summary>
    public ISignatureVerifier? Verifier { get; init; }

    /// <summary>The trust store's entry of a device, with the key that signatures are verified by and the grants of a relayed command's origin.</summary>
    public Func<NodeId, TrustEntry?> TrustOf { get; init; } = _ => null;

    /// <summary>Refs or [W-111] patterns of outputs whose commands from other devices must be signed ([X-50]).</summary>
    public IReadOnlyList<string> SignedTargets { get; init; } = [];
}
