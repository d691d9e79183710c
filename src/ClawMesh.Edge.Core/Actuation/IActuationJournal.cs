using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>The record types of the actuation journal (DESIGN section 5).</summary>
public enum JournalRecordType
{
    Decision,
    Outcome,
    LeaseEnd,
    Safe,
    Checkpoint,
    Operator,
}

public static class JournalRecordTypeWords
{
    public static string Word(this JournalRecordType type) => type switch
    {
        JournalRecordType.Decision => "decision",
        JournalRecordType.Outcome => "outcome",
        JournalRecordType.LeaseEnd => "lease_end",
        JournalRecordType.Safe => "safe",
        JournalRecordType.Checkpoint => "checkpoint",
        JournalRecordType.Operator => "operator",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a record type"),
    };

    public static JournalRecordType? Parse(string? word) => word switch
    {
        "decision" => JournalRecordType.Decision,
        "outcome" => JournalRecordType.Outcome,
        "lease_end" => JournalRecordType.LeaseEnd,
        "safe" => JournalRecordType.Safe,
        "checkpoint" => JournalRecordType.Checkpoint,
        "operator" => JournalRecordType.Operator,
        _ => null,
    };
}

/// <summary>One record to append. Sequence, wall time, clock class, boot nonce and hashes are the journal's own business.</summary>
/// <param name="Code">For decisions and outcomes a gate code; for <c>safe</c> and <c>lease_end</c> the cause.</param>
/// <param name="Body">A JSON object with what else is worth remembering.</param>
public sealed record JournalEntry(
    JournalRecordType Type,
    string? ActuatorRef,
    string? CommandId,
    string? PermitId,
    string Code,
    string Body);

/// <summary>One record as it stands in the journal.</summary>
public sealed record JournalRecord(
    long Sequence,
    JournalRecordType Type,
    DateTimeOffset At,
    string ClockClass,
    string Boot,
    string? ActuatorRef,
    string? CommandId,
    string? PermitId,
    string Code,
    string Body,
    string Hash);

/// <summary>What the node remembers of a command id ([X-44]). Flushed before any output changes.</summary>
/// <param name="Digest">SHA-256 of the command in canonical form, hex.</param>
/// <param name="Sequence">Journal sequence of the decision.</param>
/// <param name="Outcome">Null while the command is running.</param>
/// <param name="Answer">The answer as JSON once it is final; empty while it is running.</param>
/// <param name="At">When the command was created, by its own word; within the freshness limit of when it was taken.</param>
public sealed record ReplayEntry(
    string CommandId,
    string Digest,
    string Sender,
    string TargetRef,
    long Sequence,
    ActuationOutcome? Outcome,
    string Answer,
    DateTimeOffset At);

/// <summary>A decision that was granted and has no outcome: found after a crash.</summary>
public sealed record OpenCommand(long Sequence, string CommandId, string ActuatorRef, string? PermitId);

/// <summary>A past time away from the safe value, so that a crash loop cannot defeat minimum rest, duty and rate.</summary>
/// <param name="End">Null when the journal shows a start and no end.</param>
public sealed record PastActivation(string ActuatorRef, DateTimeOffset Start, DateTimeOffset? End);

public enum JournalState
{
    Ready,
    Unavailable,
}

/// <summary>Whether the journal can take a record now, and if not why, in the words of the operator.</summary>
public sealed record JournalHealth(JournalState State, string Why, string Fix)
{
    public static readonly JournalHealth Ready = new(JournalState.Ready, "", "");
}

/// <summary>
/// The memory that a permit rests on. Appends are durable when the call returns. One writer inside; callers may be many.
/// </summary>
public interface IActuationJournal
{
    JournalHealth Health { get; }

    /// <summary>Random per process life, 32 hex digits; in every record and every permit.</summary>
    string BootNonce { get; }

    /// <summary>True when the record is on disk. Cheap; asked by <c>Permit.Redeem</c>.</summary>
    bool IsDurable(long sequence);

    /// <summary>Wall time of the newest record, or null for an empty journal.</summary>
    DateTimeOffset? NewestRecordAt { get; }

    /// <summary>
    /// The latest wall time of a record, or null. Behind it the clock was set back, by whomever, and no old command may become fresh again
    /// ([X-47]), however many records were written since; only <c>journal reset</c> forgets it.
    /// </summary>
    DateTimeOffset? LatestTime { get; }

    /// <summary>
    /// Appends <paramref name="entry"/> and, in the same transaction, inserts or updates <paramref name="replay"/>
    /// (its <see cref="ReplayEntry.Sequence"/> 0 means: the sequence of this record). Returns the sequence once it is durable.
    /// </summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: nothing was written.</exception>
    Task<long> AppendAsync(JournalEntry entry, ReplayEntry? replay, CancellationToken cancellationToken);

    /// <summary>What is known of a command id; served from memory.</summary>
    ReplayEntry? FindCommand(string commandId);

    /// <summary>How many command ids younger than the window are remembered for one output; to answer <c>REPLAY_WINDOW_FULL</c>.</summary>
    int RememberedCommands(string targetRef);

    /// <summary>Granted decisions without an outcome, from before this process; empty after they were closed.</summary>
    IReadOnlyList<OpenCommand> OpenCommands();

    /// <summary>Activations that touch the last <paramref name="window"/>.</summary>
    IReadOnlyList<PastActivation> ActivationsWithin(TimeSpan window);
}
