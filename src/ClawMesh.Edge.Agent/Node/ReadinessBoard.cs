using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// How ready the node is, from what its parts say of themselves. A blocked sensor nobody depends on leaves the node ready, and so does
/// one that an output depends on: that output's interlock refuses by name, and the others go on. The same holds for outputs.
/// </summary>
internal sealed class ReadinessBoard(
    SubsystemBoard subsystems, IActuationJournal journal, IReadOnlySet<string> neededSensors, Func<bool> safetyAlive, Func<bool> recovered, IEventSink events) : IReadinessSource
{
    private ReadinessLevel _told = ReadinessLevel.NotReady;

    /// <summary>The level of the latest <see cref="Report"/>, about a second old.</summary>
    public ReadinessLevel Level => _told;

    public bool IsActuationReady
    {
        get
        {
            if (!safetyAlive() || !recovered() || journal.Health.State != JournalState.Ready) return false;
            foreach (Subsystem s in subsystems.All)
            {
                if (Counts(s) && !Holds(s)) return false;
            }

            return true;
        }
    }

    public Readiness Current
    {
        get
        {
            var evidence = new List<ReadinessEvidence>();
            foreach (Subsystem s in subsystems.All)
            {
                if (!Counts(s)) continue;
                ReadinessLevel level = s.Group == "subsystem" ? ReadinessLevel.SubsystemGreen : ReadinessLevel.DriverGreen;
                evidence.Add(new ReadinessEvidence(level, s.Name, Holds(s), s.Detail.Length == 0 ? s.State.Word() : $"{s.State.Word()}, {s.Detail}"));
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

    // An output that is in trouble is latched or being made safe, and refuses by name; it stops no other.
    private bool Counts(Subsystem s) => s.Group switch
    {
        "sensor" => neededSensors.Contains(s.Name),
        // What the node offers to others does not stand between it and its outputs.
        "actuator" or "service" => false,
        _ => true,
    };

    // A sensor must have been tried; whether its value is good enough is the interlock's question, output by output.
    private static bool Holds(Subsystem s) => s.Group switch
    {
        "sensor" => s.State is not DriverState.Unconfigured,
        // A degraded journal is counted once, as the journal.
        "subsystem" when s.Name == "journal" => s.State is DriverState.Active or DriverState.Ready or DriverState.Degraded,
        _ => s.State is DriverState.Active or DriverState.Ready,
    };
}
