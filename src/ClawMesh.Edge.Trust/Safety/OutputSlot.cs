using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Trust.Limits;

namespace ClawMesh.Edge.Trust.Safety;

/// <summary>
/// Everything the gate and the safety tick share about one output. The members marked so are guarded by <see cref="Sync"/>,
/// which is held for microseconds and never across a write, a disk or a wait.
/// </summary>
internal sealed class OutputSlot(IActuator actuator, OutputPolicy policy, TimeProvider time)
{
    public readonly Lock Sync = new();

    public IActuator Actuator { get; } = actuator;

    public OutputPolicy Policy { get; } = policy;

    public ActuatorId Id => Policy.Actuator;

    /// <summary>Guarded. When the output was energised.</summary>
    public LimitBook Book { get; } = new(time);

    /// <summary>Guarded. Null at the safe value.</summary>
    public Lease? Lease { get; set; }

    /// <summary>Guarded. A safe write was asked for and has not been confirmed.</summary>
    public bool SafePending { get; set; }

    /// <summary>Guarded. Why the pending safe write was asked for; the first cause wins.</summary>
    public SafeCause PendingCause { get; set; }

    /// <summary>Guarded. When the pending safe write was asked for, or last found owing.</summary>
    public long PendingSince { get; set; }

    /// <summary>After how long an owed safe write means a blocked bus: the limit, and what the writes of its lane take by design. Set once, before the tick.</summary>
    public TimeSpan BlockedAfter { get; set; } = SafetySupervisor.BlockedAfter;

    /// <summary>Guarded. Callers waiting for the lane to read the state back; null when nobody does.</summary>
    public TaskCompletionSource<OutputValue?>? LookWaiter { get; set; }

    /// <summary>Guarded. Set once per blocked write, so that one incident is one event.</summary>
    public bool BlockReported { get; set; }

    /// <summary>Guarded. A safe write of the present incident failed and that was told, so that a dead output is one note and not five a second.</summary>
    public bool FailureReported { get; set; }

    /// <summary>Guarded. Counts who asked for the safe state. A command that came before the newest of them must not energise after it.</summary>
    public long SafeAsks { get; set; }

    /// <summary>Guarded. Minted and not yet driven to an end.</summary>
    public Permit? Outstanding { get; set; }

    /// <summary>Guarded.</summary>
    public Latch? Latch { get; set; }

    /// <summary>Guarded. Who alone may command the output, if anybody ([X-48]).</summary>
    public Fence Fence { get; set; } = Fence.None;

    /// <summary>Guarded. Callers waiting for the pending safe write; null when nobody does, which is the tick's case.</summary>
    public TaskCompletionSource<SafeResult>? SafeWaiter { get; set; }

    /// <summary>Set by the poster, taken by the lane: one pending write per output, so the lane's queue is bounded by the number of outputs.</summary>
    public int LaneFlag;

    public bool IsEnergised => Lease is not null;
}
