using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Hardware.Watchdog;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Who restarts the node or the machine when the safety tick stops: the kernel's watchdog, if one is configured, and systemd, if it started us.</summary>
internal sealed class Watchdogs : IDisposable
{
    private readonly KernelWatchdog? _kernel;
    private readonly ServiceManager? _manager;

    private Watchdogs(KernelWatchdog? kernel, ServiceManager? manager)
    {
        (_kernel, _manager) = (kernel, manager);
        var beats = new List<IHeartbeat>();
        // Four chances before the kernel's limit, three before systemd's.
        if (kernel is not null) beats.Add(new KernelBeat(kernel, kernel.Timeout / 4));
        if (manager is { WatchdogInterval: { } interval }) beats.Add(new ManagerBeat(manager, interval / 3));
        Heartbeats = beats;
    }

    /// <summary>For the safety tick.</summary>
    public IReadOnlyList<IHeartbeat> Heartbeats { get; }

    /// <summary>A configured watchdog that cannot be used is a warning, not an end: the node is no worse off than without one.</summary>
    public static Watchdogs Open(NodeOptions options, IEventSink events)
    {
        KernelWatchdog? kernel = options.WatchdogDevice is { } device ? OpenKernel(device, options.WatchdogTimeout, events) : null;
        return new Watchdogs(kernel, ServiceManager.FromEnvironment(Environment.GetEnvironmentVariable, Environment.ProcessId));
    }

    public void Ready(string status) => _manager?.Ready(status);

    public void Reloading(TimeSpan monotonic) => _manager?.Reloading(monotonic);

    public void Stopping() => _manager?.Stopping();

    /// <summary>Only when the outputs are safe: from here on nobody watches.</summary>
    public void Dispose()
    {
        _kernel?.Dispose();
        _manager?.Dispose();
    }

    private static KernelWatchdog? OpenKernel(string device, TimeSpan timeout, IEventSink events)
    {
        KernelWatchdogOpen opened = KernelWatchdog.Open(device, timeout);
        (EventSeverity severity, string message) = opened.State switch
        {
            KernelWatchdogState.Opened => (EventSeverity.Info, $"The safety tick feeds '{device}'; it resets the machine {opened.Watchdog!.Timeout.TotalSeconds:0} s after the last beat.{(opened.Watchdog.CausedLastReset ? " It did so before this start." : "")}"),
            KernelWatchdogState.Busy => (EventSeverity.Info, $"'{device}' is held by somebody else, as a rule systemd; it is left to them."),
            KernelWatchdogState.Absent => (EventSeverity.Warning, $"There is no watchdog '{device}'; edge.watchdog.device names it. Nothing resets this machine when it hangs."),
            _ => (EventSeverity.Warning, $"{opened.Fault!.What} {opened.Fault.Why} {opened.Fault.Fix}"),
        };
        events.Publish(new EdgeEvent(0, default, EventTypes.Startup, severity, "watchdog", message, severity == EventSeverity.Info ? null : opened.Fault?.FailureClass ?? FailureClass.DeviceAbsent));
        return opened.Watchdog;
    }

    private sealed class KernelBeat(KernelWatchdog watchdog, TimeSpan every) : IHeartbeat
    {
        public TimeSpan Every => every;

        public void Beat() => watchdog.Kick();
    }

    private sealed class ManagerBeat(ServiceManager manager, TimeSpan every) : IHeartbeat
    {
        public TimeSpan Every => every;

        public void Beat() => manager.Kick();
    }
}
