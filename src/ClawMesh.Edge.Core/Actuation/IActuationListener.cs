namespace ClawMesh.Edge.Core.Actuation;

/// <summary>A change of an output's state that no command's answer reports ([X-42]).</summary>
/// <param name="OnFor">How long the output was away from its safe value.</param>
public sealed record OutputStateChange(
    ActuatorId Actuator, OutputValue State, SafeCause Cause, string? CommandId, long JournalSequence, DateTimeOffset At, TimeSpan OnFor);

/// <summary>Told of every end of a command and of every safe write, after it is journaled. Must not block.</summary>
public interface IActuationListener
{
    void Finished(ActuationAnswer answer);

    void StateChanged(OutputStateChange change);
}
