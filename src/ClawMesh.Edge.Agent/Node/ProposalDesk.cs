using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Proposals;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What the proposals of a node need of the node around them.</summary>
/// <param name="Tell">Keeps and sends a frame of this node.</param>
/// <param name="Journal">Writes an operator's act down before it counts: act, who, what.</param>
/// <param name="Simulated">The outputs of the site are not real.</param>
internal sealed record ProposalPorts(
    NodeId Self, string Role, MeshNode Mesh, IActuationRequests Actuation, FrameFactory Frames, Action<ContextFrame, MessageClass> Tell,
    Func<string, string, string, CancellationToken, Task> Journal, IEventSink Events, TimeProvider Time, Func<Guid> NewId, bool Simulated);

/// <summary>
/// A planner node's proposals among its peers: takes what the planner wants, tells everybody, lets those decide who may, has it carried
/// out and says what came of it. <see cref="Offer"/> is all that the planner calls.
/// </summary>
internal sealed class ProposalDesk : ILocalPlanner
{
    private readonly ProposalPorts _ports;
    private readonly TokenBucket _complaints;
    private readonly bool _standby;

    public ProposalDesk(ProposalPorts ports, IWorldClock site, Func<string, double?> measuredPercent, StandingApproval? standing, BookOptions? options = null)
    {
        _ports = ports;
        _complaints = new TokenBucket(ports.Time, 0.01, 3);
        _standby = ports.Role != "planner";
        var executor = new ProposalExecutor(
            ports.Self, ports.Actuation, ports.Mesh, ports.Frames, frame => TellFrame(frame), ports.Simulated, ports.Time, ports.NewId);
        Book = new ProposalBook(
            ports.Self.Value, _standby ? "standby-planner" : "planner", executor, standing, site, measuredPercent, ports.Time, ports.NewId, Changed, options ?? BookOptions.Default);
        Runtime = new PlannerRuntime(ports.Time);
        ports.Mesh.Proposals.Planner = this;
    }

    public ProposalBook Book { get; }

    /// <summary>Called when a proposal goes on its way to its output, before it does. Must not throw.</summary>
    public Action<Proposal>? CarryingOut { get; set; }

    /// <summary>What the planner is doing, for those who look ([W-135]).</summary>
    public PlannerRuntime Runtime { get; }

    /// <summary>Why nothing is proposed at present; null when offers are welcome.</summary>
    public string? PausedBecause => _ports.Mesh.Activity.ShouldHandleAutonomous
        ? Book.PausedBecause
        : $"{(_ports.Mesh.Leader.DeviceId is { } leader ? leader.Abbreviated + "…" : "nobody")} leads; this node stands by";

    IReadOnlyList<Action<Utf8JsonWriter>> ILocalPlanner.Open => [.. Book.Open.Select<Proposal, Action<Utf8JsonWriter>>(p => w => ProposalJson.WriteMembers(w, p))];

    /// <summary>Opens the desk of a running node; <see cref="RunAsync"/> is the caller's to run.</summary>
    /// <param name="measuredPercent">A zone's moisture as measured, fresh; see <see cref="Measured"/>.</param>
    public static ProposalDesk Open(EdgeNode node, IWorldClock site, Func<string, double?> measuredPercent, StandingApproval? standing, BookOptions? options = null)
    {
        var desk = new ProposalDesk(
            new ProposalPorts(
                node.DeviceId, node.Options.Role, node.Mesh, node.Desk, node.Factory, node.Frames.Tell,
                (act, by, what, cancellationToken) => node.Desk.JournalOperatorActAsync(act, by, what, cancellationToken), node.Events, node.Time, node.NewId, node.Site.Simulated),
            site, measuredPercent, standing, options);
        return desk;
    }

    /// <summary>Reads a zone's moisture out of the picture; null unless it is fresh and a sensor's or device's word of tier T2 or better.</summary>
    public static Func<string, double?> Measured(ITwinReader twin, bool outputsAreReal) =>
        zone => twin.Current.Find($"zone:{zone}", "moisture") is { } moisture && SensorEvidence.From(moisture, outputsAreReal) is not null ? moisture.Value : null;

    /// <summary>Takes a draft down and tells it. Null when it was offered lately, nothing is taken at present, or nobody has such an output.</summary>
    public Proposal? Offer(ProposalDraft draft)
    {
        if (PausedBecause is not null) return null;
        // Where somebody said whose output it is, nobody else's is opened, whatever it is called.
        string? executor = draft.ExecutorDeviceId is { } named
            ? _ports.Mesh.Forward.Offers(named, draft.TargetRef) ? named : null
            : _ports.Mesh.Forward.ExecutorOf(draft.TargetRef)?.Value;
        if (executor is not null) return Book.Offer(draft, executor);
        if (_complaints.TryTake()) Say(EventTypes.Error, EventSeverity.Warning, $"Nothing was proposed for '{draft.TargetRef}': {(draft.ExecutorDeviceId is { } absent ? $"{absent[..Math.Min(12, absent.Length)]}… is not connected with it" : "no connected node offers it")}.", null, FailureClass.DeviceAbsent);
        return null;
    }

    public async Task<Action<Utf8JsonWriter>> DecideAsync(ProposalDecision decision, string taskId, RpcCaller caller, string? reason, CancellationToken cancellationToken)
    {
        if (Book.Find(taskId) is not { } proposal || !Waits(proposal, decision)) throw NotFound(taskId);
        if (decision == ProposalDecision.Confirm) RequireSite(proposal, caller);
        Approver by = caller.Tier == RpcTier.Operator ? Approver.Operator(caller.Name) : Approver.Peer(caller.Device!.Value.Abbreviated);
        // Write before it counts: an approval that no journal has is none. A rejection keeps nothing from being safe.
        if (decision != ProposalDecision.Reject)
            await _ports.Journal(decision == ProposalDecision.Approve ? "proposal-approve" : "proposal-confirm", by.Name, $"{taskId}: {proposal.Operation} {proposal.TargetRef}, {proposal.Summary}", cancellationToken);
        Proposal? decided = decision switch
        {
            ProposalDecision.Approve => Book.Approve(taskId, by),
            ProposalDecision.Confirm => Book.Confirm(taskId, by),
            _ => Book.Reject(taskId, by, reason),
        };
        if (decided is not null) return w => Write(w, decided);
        // It expired or somebody else was first, between the record and the book: the record must not stand alone.
        if (decision != ProposalDecision.Reject) await _ports.Journal("proposal-void", by.Name, $"{taskId}: came too late", cancellationToken);
        throw NotFound(taskId);
    }

    /// <summary>One proposal as an object.</summary>
    public static void Write(Utf8JsonWriter w, Proposal proposal)
    {
        w.WriteStartObject();
        ProposalJson.WriteMembers(w, proposal);
        w.WriteEndObject();
    }

    /// <summary>Looks after the book until the node stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _ports.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) Book.Tick();
        }
        catch (OperationCanceledException)
        {
            return;
        }
        finally
        {
            await Book.DisposeAsync();
        }
    }

    // L3 is agreed to where the output is: on the local socket of its own node, or by that node, which asked somebody on its own.
    private void RequireSite(Proposal proposal, RpcCaller caller)
    {
        bool atSite = proposal.ExecutorDeviceId == _ports.Self.Value
            ? caller is { Tier: RpcTier.Operator, OnLoopback: true, Connection: null }
            : caller is { Tier: RpcTier.Peer, Grants.Approve: true } && caller.Device?.Value == proposal.ExecutorDeviceId;
        if (!atSite) throw new RpcRefusalException(GateCodes.NotAuthorized, $"this is confirmed at the site, by an operator on the node {proposal.ExecutorDeviceId[..12]}…");
    }

    private static bool Waits(Proposal proposal, ProposalDecision decision) => (decision, proposal.Status) switch
    {
        (ProposalDecision.Approve, ProposalStatus.AwaitingApproval) => true,
        (ProposalDecision.Confirm, ProposalStatus.Approved) => proposal.Level == ApprovalLevel.L3,
        (ProposalDecision.Reject, ProposalStatus.AwaitingApproval or ProposalStatus.Approved) => true,
        _ => false,
    };

    private RpcRefusalException NotFound(string taskId) => new(
        PlannerErrorCodes.NotFound,
        Book.Find(taskId) is { } known
            ? $"the proposal is {known.Status.Word()}{(known.ResolvedBy is { } by ? $" by {by}" : "")} and waits for no such decision"
            : $"this planner has no such proposal; it keeps none over a restart{_ports.Mesh.Proposals.HandOff(taskId)}");

    private void Changed(ProposalChange change)
    {
        Proposal p = change.Proposal;
        switch (change.Step)
        {
            case ProposalStep.Created:
                Say(EventTypes.ProposalCreated, EventSeverity.Info, $"{Named(p)} ({p.Level.Word()}, {p.Status.Word()}): {p.Summary}", p);
                Publish(p, "proposal.created", created: true);
                TellFrame(_ports.Frames.Inference(w => Members(w, p), $"Proposed: {p.Summary}"));
                break;
            case ProposalStep.Executing:
                CarryingOut?.Invoke(p);
                break;
            case ProposalStep.Approved or ProposalStep.Resolved:
                Say(EventTypes.ProposalResolved, p.Status == ProposalStatus.Failed ? EventSeverity.Warning : EventSeverity.Info, $"{Named(p)} {Outcome(p)}: {p.Summary}", p);
                Publish(p, $"proposal.{p.Status.Word()}", created: false);
                break;
            case ProposalStep.Compared when p.Comparison is { } seen && p.Expectation is { } expected:
                Say(
                    EventTypes.ProposalCompared, EventSeverity.Info,
                    string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Named(p)}: {seen.MeasuredPercent:0.0} % measured in {p.Zone} where {seen.ExpectedPercent:0.0} % were expected ({expected.LowPercent:0.0} to {expected.HighPercent:0.0} %): {(seen.Inside ? "inside" : "outside")} the forecast."), p);
                break;
            case ProposalStep.NotCompared:
                Say(EventTypes.ProposalCompared, EventSeverity.Warning, $"{Named(p)}: no fresh measurement of {p.Zone} came in time, so its effect is not compared with the forecast.", p, FailureClass.StaleData);
                break;
            default:
                break;
        }
    }

    private void Publish(Proposal p, string stage, bool created)
    {
        _ports.Mesh.Proposals.Trace(p.TriggerFrameIds, stage, p.Summary);
        _ports.Mesh.Proposals.Tell(created, w => ProposalJson.WriteMembers(w, p));
    }

    // [W-122]
    private void Members(Utf8JsonWriter w, Proposal p)
    {
        w.WriteString("proposalId", p.TaskId);
        w.WriteString("plannerDeviceId", p.PlannerDeviceId);
        w.WriteString("plannerRole", p.PlannerRole);
        w.WriteString("summary", p.Summary);
        w.WriteString("targetRef", p.TargetRef);
        w.WriteString("operation", p.Operation);
        w.WriteString("approvalLevel", p.Level.Word());
        w.WriteString("status", p.Status.Word());
        if (_ports.Simulated) w.WriteBoolean("simulated", true);
    }

    private static string Named(Proposal p) => $"Proposal {p.TaskId[..8]}";

    private static string Outcome(Proposal p) => p.Status switch
    {
        ProposalStatus.Failed => $"failed ({p.Result?.Code ?? "no code"}, {p.Result?.Error})",
        ProposalStatus.Approved when p.Level == ApprovalLevel.L3 => $"approved by {p.ResolvedBy}, to be confirmed at the site",
        _ => $"{p.Status.Word()}{(p.ResolvedBy is { } by ? $" by {by}" : "")}",
    };

    // A frame that cannot be sent must not change what becomes of a proposal.
    private void TellFrame(ContextFrame frame)
    {
        try
        {
            _ports.Tell(frame, MessageClass.Control);
        }
        catch (EdgeException unsent)
        {
            Say(EventTypes.Error, EventSeverity.Error, $"{unsent.What} {unsent.Why}", null, unsent.FailureClass);
        }
    }

    private void Say(string type, EventSeverity severity, string message, Proposal? about, FailureClass? failureClass = null) => _ports.Events.Publish(new EdgeEvent(
        0, default, type, severity, "planner", message, failureClass, about is null ? null : new Dictionary<string, string> { ["taskId"] = about.TaskId }));
}
