namespace ClawMesh.Edge.Core.Lifecycle;

/// <summary>Somebody who acts when this node stops living: a kernel watchdog, the service manager. It hears from the safety tick and from nobody else.</summary>
public interface IHeartbeat
{
    /// <summary>How often it wants to hear, well within its own limit.</summary>
    TimeSpan Every { get; }

    /// <summary>Says that the safety tick lives. On the tick's own thread: must not block, allocate or throw.</summary>
    void Beat();
}
