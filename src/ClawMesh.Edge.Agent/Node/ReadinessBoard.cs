using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// How ready the node is, from what its parts say of themselves. Drivers: sensors that outputs depend on, and outputs. A blocked
/// sensor nobody depends on leaves the node ready; it is one bad driver, and it stops nobody else.
/// </summary>
internal sealed class ReadinessBoard(
    SubsystemBoard subsystems, IActuationJournal journal, IReadOnlySet<string> neededSensors, Func<bool> safetyAlive, Func<bool> recovered, IEventSink events) : IReadinessSource
{
    private ReadinessLevel _told = ReadinessLevel.NotReady;

    public Readiness Current
    {
        get
        {
            var evidence = new List<ReadinessEvidence>();
            foreach (Subsystem s in subsystems.All)
            {
                if (s.Group == "sensor" && !neededSensors.Contains(s.Name)) continue;
                ReadinessLevel level = s.Group == "subsystem" ? ReadinessLevel.SubsystemGreen : ReadinessLevel.DriverGreen;
                // A sensor that is needed for one output must not hold back the others: its interlock does that, by name.
                bool holds = s.Group == "sensor" ? s.State is not DriverState.Unconfigured : s.State is DriverState.Active or DriverState.Ready;
                evidence.Add(new ReadinessEvidence(level, s.Name, holds, s.Detail.Length == 0 ? s.State.Word() : $"{s.State.Word()}, {s.Detail}"));
            }

            evidence.Add(new ReadinessEvidence(ReadinessLevel.NodeGreen, "safety tick", safetyAlive(), safetyAlive() ? "ticking" : "has not ticked for 1 s"));
            bool journalReady = journal.Health.State == JournalState.Ready;
            evidence.Add(new ReadinessEvidence(ReadinessLevel.ActuationReady, "journal", journalReady, journalReady ? "ready" : journal.Health.Why));
            evidence.Add(new ReadinessEvidence(ReadinessLevel.ActuationReady, "recovery", recovered(), recovered() ? "earlier life closed" : "the earlier life is not closed yet"));
            return Readiness.From(evidence);
        }
    }

    /// <summary>Tells the events when the level has changed. Called about once a second.</summary>
    public void Report()
    {
        Readiness now = Current;
        if (now.Level == _told) return;
        bool worse = now.Level < _told;
        events.Publish(new EdgeEvent(
            0, default, EventTypes.Readiness, worse ? EventSeverity.Warning : EventSeverity.Info, "node",
            $"Readiness {_told.Word()} → {now.Level.Word()}{(now.Missing.Length == 0 ? "." : $" ({now.Missing}).")}"));
        _told = now.Level;
    }
}
