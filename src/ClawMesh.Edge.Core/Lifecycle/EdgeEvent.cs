using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.Lifecycle;

public enum EventSeverity
{
    Info,
    Warning,
    Error,
}

/// <summary>One typed event. Log text is rendered from it; the event is the truth.</summary>
/// <param name="Sequence">1, 2, 3 … within one process life; 0 before it was published.</param>
/// <param name="Type">Dotted and lower case, one of <see cref="EventTypes"/>.</param>
/// <param name="Subject">The thing it is about, in the name the user gave it.</param>
/// <param name="Data">Small, flat, already text.</param>
/// <param name="Trace">Leads from an answer or an error to what was done about it; for everything about a command its command id.</param>
/// <param name="OperatorOnly">Message and data hold paths, addresses or settings: nobody but an operator of this node reads them over an API.</param>
public sealed record EdgeEvent(
    long Sequence,
    DateTimeOffset At,
    string Type,
    EventSeverity Severity,
    string Subject,
    string Message,
    FailureClass? FailureClass = null,
    IReadOnlyDictionary<string, string>? Data = null,
    string? Trace = null,
    bool OperatorOnly = false)
{
    /// <summary>Raised when a member changes its meaning.</summary>
    public const int Schema = 1;
}

/// <summary>The closed set of event types.</summary>
public static class EventTypes
{
    public const string Startup = "startup";
    public const string Shutdown = "shutdown";
    public const string Error = "error";
    public const string ThresholdBreach = "threshold.breach";
    public const string DriverState = "driver.state";
    public const string Readiness = "readiness.changed";
    public const string RecoveryAttempt = "recovery.attempt";
    public const string RecoveryResult = "recovery.result";
    public const string RecoveryEscalated = "recovery.escalated";
    public const string ActuationDecision = "actuation.decision";
    public const string ActuationOutcome = "actuation.outcome";
    public const string ActuationState = "actuation.state";
    public const string Latch = "actuation.latch";
    public const string Journal = "journal.state";
    public const string Clock = "clock.state";
    public const string Config = "config.changed";
    public const string Operator = "operator.act";
    public const string PeerConnect = "peer.connect";
    public const string PeerDisconnect = "peer.disconnect";
    public const string PeerSuspect = "peer.suspect";
    public const string PeerRecovered = "peer.recovered";
    public const string PeerFault = "peer.fault";
    public const string PeerSync = "peer.sync";
    public const string ModeChange = "mode.change";
    public const string ProposalCreated = "proposal.created";
    public const string ProposalResolved = "proposal.resolved";
    public const string ProposalCompared = "proposal.compared";

    public const string Anomaly = "anomaly";
}

/// <summary>Takes events; never blocks and never throws.</summary>
public interface IEventSink
{
    void Publish(EdgeEvent edgeEvent);
}
