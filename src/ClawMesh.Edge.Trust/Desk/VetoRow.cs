using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Trust.Limits;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>
/// The last row, asked only about a command that every other row allowed and never about one that leads to the safe state. It can
/// refuse and shorten; it has no hand in granting. A person's own command is never cancelled by a model: the model's view is said to
/// that person and into the events, and the command is carried out as it is.
/// </summary>
internal sealed class VetoRow(IActuationVeto? veto, VetoMode mode, IEventSink events)
{
    /// <summary>May change while the node runs; a command already asked about keeps the answer it got.</summary>
    public VetoMode Mode { get; set; } = mode;

    private const string PolicyPrefix = "policy:";

    /// <summary>Null when the command may go on; its limits may be shorter then.</summary>
    public Refusal? Ask(Deliberation d)
    {
        VetoMode mode = Mode;
        if (veto is null || mode == VetoMode.Off || d.IsSafeDirection) return null;
        Restriction restriction = Consider(veto, d);
        if (restriction.IsNone) return null;

        TimeSpan asked = d.Limits.Lease;
        TimeSpan? left = Left(restriction, d, asked);
        // It takes nothing away, whatever it says.
        if (left == asked) return null;
        string taken = left is { } shorter ? $"shortened from {DurationText.Format(asked)} to {DurationText.Format(shorter)}" : "vetoed";

        if (mode == VetoMode.Advise || IsOfAPerson(d))
        {
            Say(d, EventSeverity.Warning, $"{d.Command.OperationName} of '{d.Command.TargetRef}' for {d.Request.Caller.Name} would have been {taken} by {restriction.Reason} Nothing was changed.");
            if (mode == VetoMode.Enforce) d.Remark = $"It would have been {taken} by {restriction.Reason} A person asked, so nothing was changed.";
            return null;
        }

        if (left is null) return new Refusal(GateCodes.LocalPolicyRefused, $"vetoed by {restriction.Reason.TrimEnd('.')}");
        Say(d, EventSeverity.Info, $"{d.Command.OperationName} of '{d.Command.TargetRef}' for {d.Request.Caller.Name} is {taken} by {restriction.Reason}");
        d.Remark = $"It was {taken} by {restriction.Reason}";
        d.Restriction = restriction;
        d.Limits = Shrink(d.Limits, restriction, d);
        return null;
    }

    /// <summary>What a restriction that was accepted leaves of limits that were found anew.</summary>
    public static LimitVerdict Shrink(LimitVerdict limits, Restriction restriction, Deliberation d)
    {
        if (limits.Refusal is not null || restriction.IsNone) return limits;
        return Left(restriction, d, limits.Lease) is { } left
            ? limits with { Lease = left, Capped = limits.Capped || left < limits.Lease }
            : limits with { Refusal = new Refusal(GateCodes.LocalPolicyRefused, $"vetoed by {restriction.Reason.TrimEnd('.')}") };
    }

    private static TimeSpan? Left(Restriction restriction, Deliberation d, TimeSpan lease) =>
        restriction.Apply(new ActuationTerms(lease, OutputRange.Exactly(d.Value))) is { } terms && (terms.Lease == lease || terms.Lease >= LimitCheck.ShortestUsefulLease)
            ? terms.Lease
            : null;

    private Restriction Consider(IActuationVeto asked, Deliberation d)
    {
        try
        {
            return asked.Consider(new AllowedCommand(d.Slot!.Id, d.Value, d.Limits.Lease)) ?? Restriction.None;
        }
        catch (Exception broken)
        {
            events.Publish(new EdgeEvent(
                0, default, EventTypes.Error, EventSeverity.Error, d.Message.TargetRef,
                $"The veto of forecasts failed and restricts nothing: {broken.GetType().Name}, {PlainText.Of(broken.Message, 200)}", FailureClass.Model));
            return Restriction.None;
        }
    }

    // What a peer sends may come from its planner, whatever names it carries; a policy's yes is nobody's at the moment of the act.
    private static bool IsOfAPerson(Deliberation d)
    {
        if (d.Request.Caller.Kind != CallerKind.Operator || IsPolicy(d.Request.Caller.Name)) return false;
        foreach (string name in d.Command.Trust.ApprovedBy ?? [])
        {
            if (IsPolicy(name)) return false;
        }

        return true;
    }

    private static bool IsPolicy(string name) => name.StartsWith(PolicyPrefix, StringComparison.Ordinal);

    private void Say(Deliberation d, EventSeverity severity, string message) =>
        events.Publish(new EdgeEvent(0, default, EventTypes.ActuationDecision, severity, d.Message.TargetRef, message, severity == EventSeverity.Info ? null : FailureClass.PolicyDenied, Trace: d.Command.CommandId));
}
