namespace ClawMesh.Edge.Core.Actuation;

/// <summary>
/// What a forecast has to say about a command that everything else allowed. Asked in the path of a command: answers at once, from
/// memory, and waits for nothing. Thread-safe. What it throws counts as no restriction.
/// </summary>
public interface IActuationVeto
{
    Restriction Consider(AllowedCommand command);
}

/// <summary>A command that would energise its output now, with what was left of its wish by all limits.</summary>
/// <param name="Lease">On the node's clock.</param>
public sealed record AllowedCommand(ActuatorId Actuator, OutputValue Value, TimeSpan Lease);

/// <summary>How long and to which values an output may go.</summary>
public readonly record struct ActuationTerms(TimeSpan Lease, OutputRange Range);

/// <summary>
/// A wish to take something away. It has no way to say yes, to lengthen or to widen: <see cref="Apply"/> takes the shorter of two
/// times and what two ranges have in common, so that a restriction made by whatever mistake leaves at most what was there. Immutable.
/// </summary>
public sealed class Restriction
{
    private readonly bool _cancels;
    private readonly TimeSpan _longest = TimeSpan.MaxValue;
    private readonly OutputRange _range = new(OutputValue.Inactive, OutputValue.Active);

    private Restriction(string reason) => Reason = reason;

    private Restriction(string reason, bool cancels, TimeSpan longest, OutputRange range) => (Reason, _cancels, _longest, _range) = (reason, cancels, longest, range);

    public static Restriction None { get; } = new("");

    /// <summary>Begins with what it rests on: <c>forecast 3f2a…: zone-1 is expected at …</c>. Empty for <see cref="None"/>.</summary>
    public string Reason { get; }

    public bool IsNone => ReferenceEquals(this, None);

    public static Restriction Cancel(string reason) => new(reason, cancels: true, TimeSpan.MaxValue, None._range);

    /// <summary>Longer than what is allowed already changes nothing; no time at all cancels.</summary>
    public static Restriction AtMost(TimeSpan longest, string reason) => new(reason, cancels: longest <= TimeSpan.Zero, longest, None._range);

    /// <summary>Wider than what is allowed already changes nothing. A value outside is not moved inside, which nobody asked for: it cancels.</summary>
    public static Restriction Within(OutputRange range, string reason) => new(reason, cancels: false, TimeSpan.MaxValue, range);

    /// <summary>What is left of terms that are allowed; null when nothing is.</summary>
    public ActuationTerms? Apply(ActuationTerms allowed)
    {
        if (_cancels) return null;
        double min = Math.Max(allowed.Range.Min.Ratio, _range.Min.Ratio), max = Math.Min(allowed.Range.Max.Ratio, _range.Max.Ratio);
        if (min > max) return null;
        TimeSpan lease = _longest < allowed.Lease ? _longest : allowed.Lease;
        return new ActuationTerms(lease, new OutputRange(new OutputValue(min), new OutputValue(max)));
    }
}

/// <summary>What a node does with the restrictions of forecasts.</summary>
public enum VetoMode
{
    /// <summary>Nobody is asked.</summary>
    Off,

    /// <summary>What would have been taken away is said in an event, and nothing is.</summary>
    Advise,

    /// <summary>Commands of planners and policies are cancelled, shortened and narrowed; those of a person are commented.</summary>
    Enforce,
}
