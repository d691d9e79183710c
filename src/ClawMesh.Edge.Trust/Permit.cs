using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Trust;

/// <summary>
/// Leave to put one actuator into one range of values, once, soon. Only the gate can mint one; it rests on a journal record
/// that was durable before the permit existed. Thread-safe.
/// </summary>
public sealed class Permit
{
    /// <summary>How long a permit may wait for its driver. Measured on the monotonic clock: a stepped wall clock must never lengthen it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private const int Fresh = 0;
    private const int Spent = 1;
    private const int Revoked = 2;

    private readonly TimeProvider _time;
    private readonly IActuationJournal _journal;
    private readonly long _mintedTimestamp;
    private int _state = Fresh;

    internal Permit(PermitGrant grant, IActuationJournal journal, TimeProvider time)
    {
        Grant = grant;
        _journal = journal;
        _time = time;
        _mintedTimestamp = time.GetTimestamp();
    }

    /// <summary>What the permit allows, as the journal has it.</summary>
    public PermitGrant Grant { get; }

    /// <summary>Spends the permit. Null when the caller may write <paramref name="value"/> to <paramref name="actuator"/> now.</summary>
    public Refusal? Redeem(ActuatorId actuator, OutputValue value)
    {
        if (actuator != Grant.Actuator)
            return new Refusal("permit.other_actuator", $"Permit {Grant.Id} is for '{Grant.Actuator}', not for '{actuator}'.");
        if (!Grant.Range.Contains(value))
            return new Refusal("permit.value_out_of_range", $"Permit {Grant.Id} allows {Grant.Range}; the driver was asked for {value}.");
        if (_time.GetElapsedTime(_mintedTimestamp) >= Lifetime)
            return new Refusal("permit.expired", $"Permit {Grant.Id} was minted more than {Lifetime.TotalSeconds} s ago.");
        if (Grant.BootNonce != _journal.BootNonce)
            return new Refusal("permit.other_life", $"Permit {Grant.Id} belongs to another life of the node.");
        if (!_journal.IsDurable(Grant.JournalSequence))
            return new Refusal("permit.not_journaled", $"Journal record {Grant.JournalSequence} of permit {Grant.Id} is not on disk.");

        return Interlocked.CompareExchange(ref _state, Spent, Fresh) switch
        {
            Fresh => null,
            Spent => new Refusal("permit.already_spent", $"Permit {Grant.Id} was redeemed before."),
            _ => new Refusal("permit.revoked", $"Permit {Grant.Id} was revoked: its output was sent to its safe state."),
        };
    }

    /// <summary>Makes an unspent permit worthless. Called before a latch sends the output to its safe value.</summary>
    internal void Revoke() => Interlocked.CompareExchange(ref _state, Revoked, Fresh);
}

/// <summary>The terms of one permit (DESIGN section 5).</summary>
/// <param name="EvidenceDigest">SHA-256 of the trust block the gate judged, hex.</param>
/// <param name="JournalSequence">The durable decision this permit rests on.</param>
public sealed record PermitGrant(
    PermitId Id,
    ActuatorId Actuator,
    string Operation,
    OutputRange Range,
    TimeSpan Lease,
    string CommandId,
    string EvidenceDigest,
    string BootNonce,
    long JournalSequence);
