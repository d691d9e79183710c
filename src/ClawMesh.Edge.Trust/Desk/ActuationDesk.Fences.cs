using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>The sole right to command an output for a while.</summary>
public sealed partial class ActuationDesk
{
    /// <inheritdoc/>
    public async Task<FenceAnswer> FenceAsync(FenceRequest request, CancellationToken cancellationToken)
    {
        Caller caller = request.Caller;
        if (CommandJudge.MayCommand(caller, request.TargetRef) is { } denied) return Told(Fence.None, denied);
        if (!_slots.TryGetValue(request.TargetRef, out OutputSlot? slot)) return Told(Fence.None, new Refusal(GateCodes.TargetUnknown, $"this node has no output '{request.TargetRef}'"));
        if (_judge.JournalReady() is { } closed) return Told(Fence.None, closed);

        Fence before;
        lock (slot.Sync) before = slot.Fence;
        bool taken = before.IsHeld(_time.GetTimestamp()) && before.Holder != caller.SenderKey;
        // A person who takes it from somebody leaves a record; without a journal they cannot.
        if (taken && caller.Kind == CallerKind.Operator)
            await _journal.AppendAsync(JournalBodies.Operator("fence", request.TargetRef, caller.Name, $"took it; {before.Told}"), replay: null, cancellationToken);

        (Fence fence, Refusal? refusal) = request.TimeToLive is { } ttl
            ? await _fences.GrantAsync(slot, caller, ttl, cancellationToken)
            : await _fences.ReleaseAsync(slot, caller, cancellationToken);
        if (refusal is null && fence.Number != before.Number)
        {
            _events.Publish(new EdgeEvent(
                0, default, EventTypes.ActuationDecision, EventSeverity.Info, request.TargetRef,
                $"{char.ToUpperInvariant(fence.Told[0])}{fence.Told[1..]}{(taken ? $"; {caller.Name} took it from {before.HolderName}" : "")}."));
        }

        return Told(fence, refusal);

        FenceAnswer Told(Fence told, Refusal? no) => new(request.TargetRef, told.Number, told.UntilMs, no);
    }
}
