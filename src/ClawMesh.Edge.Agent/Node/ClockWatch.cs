using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Says when the wall clock begins or ceases to be believed ([X-37]). What it was at the start is said with the start.</summary>
internal sealed class ClockWatch(Func<ClockFacts> facts, IEventSink events, TimeProvider time)
{
    // Peers whose clocks sway around the tolerance must not fill the log.
    private readonly TokenBucket _said = new(time, 1 / 60.0, 10);

    private bool? _unsynced;

    public void Look()
    {
        ClockFacts now = facts();
        bool unsynced = now.Class == ClockClass.Unsynchronised;
        bool? before = _unsynced;
        if (unsynced == before) return;
        _unsynced = unsynced;
        if (before is null || !_said.TryTake()) return;
        events.Publish(unsynced
            ? new EdgeEvent(0, default, EventTypes.Clock, EventSeverity.Warning, "clock", $"[CLOCK_UNSYNCED] {now.Source}. {now.Clears}", FailureClass.Clock)
            : new EdgeEvent(0, default, EventTypes.Clock, EventSeverity.Info, "clock", $"The clock is believed again ({now.Class.Word()}): {now.Source}."));
    }
}
