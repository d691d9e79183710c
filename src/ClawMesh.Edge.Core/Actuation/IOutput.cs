using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>Why an output was sent to its safe value.</summary>
public enum SafeCause
{
    Start,
    LeaseEnd,
    Interlock,
    Limit,
    Fault,
    Unconfirmed,
    Operator,
    Command,
    Stop,
    Recovery,
    BusBlocked,
}

public static class SafeCauseWords
{
    public static string Word(this SafeCause cause) => cause switch
    {
        SafeCause.Start => "start",
        SafeCause.LeaseEnd => "lease_end",
        SafeCause.Interlock => "interlock",
        SafeCause.Limit => "limit",
        SafeCause.Fault => "fault",
        SafeCause.Unconfirmed => "unconfirmed",
        SafeCause.Operator => "operator",
        SafeCause.Command => "command",
        SafeCause.Stop => "stop",
        SafeCause.Recovery => "recovery",
        SafeCause.BusBlocked => "bus_blocked",
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "not a cause"),
    };
}

/// <summary>What came of sending an output to its safe value.</summary>
/// <param name="WasEnergised">The read-back before the write was not the safe value.</param>
/// <param name="Confirmed">The read-back after the write is the safe value.</param>
/// <param name="Detail">Empty, or why it could not be confirmed.</param>
public readonly record struct SafeResult(bool WasEnergised, bool Confirmed, string Detail = "");

/// <summary>What came of sending one output to its safe value.</summary>
public sealed record OutputSafeResult(ActuatorId Output, SafeResult Result);

/// <summary>
/// One physical (or simulated) output, as far as anyone without a permit may touch it.
/// Values other than the safe one are written only through <c>IActuator.ApplyAsync(Permit, …)</c> in Trust.
/// </summary>
public interface IOutput
{
    ActuatorId Id { get; }

    OutputValue SafeValue { get; }

    /// <summary>Writes of one bus share a safety lane; a blocked bus never delays another.</summary>
    string Bus { get; }

    /// <summary>How long a safe write takes by design on a bus that answers at once: a coil's pulse, a contact that has to follow. Zero for most.</summary>
    TimeSpan SafeWriteTakes => TimeSpan.Zero;

    /// <summary>Reads the state back from the hardware. Null when it cannot be read.</summary>
    OutputValue? ReadBack();

    /// <summary>
    /// Goes to the declared safe value. Takes no value, is never refused, may be called at any time from any thread.
    /// Serialised with permit redemption inside the driver, so that a safe write always lands after a write it overtakes.
    /// Does not throw: a failed write comes back as not <see cref="SafeResult.Confirmed"/>.
    /// </summary>
    SafeResult MakeSafe(SafeCause cause);
}

/// <summary>A measurement independent of the drive signal, taken to confirm an effect ([X-39]).</summary>
public sealed record ObservedEffect(OutputValue State, double Value, string Unit, DateTimeOffset At, SensorId By);
