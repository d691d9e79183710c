using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Watchdog;

public enum KernelWatchdogState
{
    /// <summary>It runs and must be kicked.</summary>
    Opened,

    /// <summary>Somebody else kicks it, as a rule systemd (<c>RuntimeWatchdogSec=</c>). No failure: the machine is watched.</summary>
    Busy,

    /// <summary>This machine has none of this name.</summary>
    Absent,

    Failed,
}

/// <summary>What came of opening a watchdog.</summary>
/// <param name="Watchdog">When opened.</param>
/// <param name="Fault">When failed: <c>watchdog.no_permission</c> (auth), <c>watchdog.not_one</c> (config), <c>watchdog.failed</c> (infra).</param>
public sealed record KernelWatchdogOpen(KernelWatchdogState State, KernelWatchdog? Watchdog, EdgeException? Fault);
