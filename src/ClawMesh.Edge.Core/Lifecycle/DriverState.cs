namespace ClawMesh.Edge.Core.Lifecycle;

/// <summary>The life of a driver or subsystem (DESIGN section 9).</summary>
public enum DriverState
{
    Unconfigured,
    Validated,
    Probing,
    Ready,
    Active,
    Degraded,
    Blocked,
    Stopping,
    Stopped,
    Failed,
}

public static class DriverStateRules
{
    public static string Word(this DriverState state) => state.ToString().ToLowerInvariant();

    /// <summary>Whether a driver may go from one state to another. Stopping is open to everything that has started.</summary>
    public static bool MayBecome(this DriverState from, DriverState to) => (from, to) switch
    {
        (DriverState.Unconfigured, DriverState.Validated or DriverState.Failed) => true,
        (DriverState.Validated, DriverState.Probing or DriverState.Blocked or DriverState.Failed) => true,
        (DriverState.Probing, DriverState.Ready or DriverState.Degraded or DriverState.Blocked or DriverState.Failed) => true,
        (DriverState.Ready, DriverState.Active or DriverState.Degraded or DriverState.Blocked or DriverState.Failed) => true,
        (DriverState.Active, DriverState.Degraded or DriverState.Blocked or DriverState.Failed) => true,
        (DriverState.Degraded, DriverState.Active or DriverState.Probing or DriverState.Blocked or DriverState.Failed) => true,
        (DriverState.Blocked, DriverState.Probing or DriverState.Active or DriverState.Failed) => true,
        (DriverState.Failed, DriverState.Probing) => true,
        (DriverState.Stopping, DriverState.Stopped or DriverState.Failed) => true,
        (DriverState.Stopped, _) => false,
        (not DriverState.Unconfigured, DriverState.Stopping) => true,
        _ => false,
    };
}
