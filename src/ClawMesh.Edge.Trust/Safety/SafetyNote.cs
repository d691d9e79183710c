using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Trust.Safety;

/// <summary>What happened at the safety boundary, on its way to the journal, the events and the frames. Written after the fact.</summary>
internal sealed record SafetyNote(
    OutputSlot Slot,
    SafeCause Cause,
    SafeResult Result,
    Lease? Lease,
    DateTimeOffset At,
    TimeSpan OnFor,
    TimeSpan Late,
    bool BusBlocked = false);
