using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Trust.Safety;

/// <summary>One energised state that ends by itself on the monotonic clock.</summary>
/// <param name="EndTimestamp">When the safety tick sends the output to its safe value.</param>
#pragma warning disable CA1001 // The token source has no timer and no wait handle, and a driver may look at its token after the lease is gone.
internal sealed record Lease(string CommandId, PermitId Permit, OutputValue Value, TimeSpan Length, long EndTimestamp)
{
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _outcomeWritten = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled after the output was made safe; cuts a wait for the effect short.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Completed when the command's outcome is in the journal, so that the end is recorded after it.</summary>
    public Task OutcomeWritten => _outcomeWritten.Task;

    /// <summary>Why the output was made safe; null while the lease lasts. Set before <see cref="Ended"/> is cancelled.</summary>
    public SafeCause? EndedBy { get; private set; }

    public void MarkEnded(SafeCause cause)
    {
        EndedBy = cause;
        _ended.Cancel();
    }

    public void MarkOutcomeWritten() => _outcomeWritten.TrySetResult();
}
#pragma warning restore CA1001

/// <summary>Keeps an output at its safe value until an operator releases it.</summary>
public sealed record Latch(string Cause, string Why, DateTimeOffset At);
