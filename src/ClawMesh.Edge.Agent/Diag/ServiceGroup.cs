using System.Globalization;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Service;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The node as a service of systemd: whether it starts with the machine, comes back when it dies, and leaves safe outputs behind.</summary>
internal sealed class ServiceGroup : IDiagGroup
{
    // A restart or two is an update, a power cut or a person; more is a habit.
    private const long ManyRestarts = 3;

    private const string Journal = "`journalctl -u clawmesh-edge -n 50` says why; docs/guides/recovery.md goes through the causes.";

    public string Name => "service";

    public Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DiagCheck>>(ServiceFiles.InstalledUnit(context.Host.Service) is not { } unit
            ? [new(Name, "unit", () => CheckOutcome.Skip("the node is not installed as a service: `sudo clawmesh-edge service install --site FILE`"))]
            : Checks(context, unit));

    private IReadOnlyList<DiagCheck> Checks(DiagContext context, string unit)
    {
        ServiceHost host = context.Host.Service;
        var asked = new Lazy<ServiceState?>(() => ServiceState.Read(host));
        DiagCheck Ask(string name, Func<ServiceState, CheckOutcome> judge) => new(Name, name, () => asked.Value is { } state
            ? judge(state)
            : CheckOutcome.Skip(host.HasSystemd ? "systemctl does not answer" : "systemd does not run here"));
        return
        [
            Ask("unit", state => Unit(state, unit)), Ask("enabled", Enabled), Ask("active", Active), Ask("restarts", Restarts), Ask("watchdog", Watchdog), Ask("stop-post", StopPost),
            new(Name, "state-owner", () => StateOwner(host)), new(Name, "access", () => Access(host)),
        ];
    }

    private static CheckOutcome Unit(ServiceState state, string unit) => (state.Text("LoadState") switch
    {
        "loaded" when state.Text("NeedDaemonReload") == "yes" =>
            CheckOutcome.Warn(FailureClass.Config, $"{unit} has changed on disk since systemd read it", "`sudo systemctl daemon-reload`, and `sudo systemctl restart clawmesh-edge` when its outputs may rest for a moment."),
        "loaded" => CheckOutcome.Pass(state.Text("FragmentPath")),
        "masked" => CheckOutcome.Fail(FailureClass.Config, "the unit is masked: nothing can start it", "`sudo systemctl unmask clawmesh-edge`."),
        var other => CheckOutcome.Fail(FailureClass.Config, $"systemd cannot use {unit}: {other}", "`systemd-analyze verify clawmesh-edge.service` says where it is wrong; `sudo clawmesh-edge service install` writes it anew."),
    }).With("path", unit);

    private static CheckOutcome Enabled(ServiceState state) => state.IsEnabled
        ? CheckOutcome.Pass("starts with the machine")
        : CheckOutcome.Warn(FailureClass.Config, $"does not start with the machine ({state.Text("UnitFileState")})", "`sudo systemctl enable clawmesh-edge`.");

    private static CheckOutcome Active(ServiceState state)
    {
        string text = $"{state.Text("ActiveState")} ({state.Text("SubState")})";
        CheckOutcome outcome = state.Text("ActiveState") switch
        {
            "active" or "reloading" => CheckOutcome.Pass($"{text}, process {state.Text("MainPID")}, since {state.Text("ActiveEnterTimestamp")}").Because(state.Text("StatusText")),
            // RestartPreventExitStatus= of the unit: the same configuration would give the same answer.
            "failed" when state.Text("ExecMainStatus") == "2" => CheckOutcome.Fail(FailureClass.Config, $"{text}: the configuration keeps it from starting, and it is not tried again by itself", $"`clawmesh-edge config check` names what is wrong; then `sudo systemctl restart clawmesh-edge`. {Journal}"),
            "failed" => CheckOutcome.Fail(FailureClass.Infra, $"{text}: {state.LastEnd}", Journal),
            "activating" => CheckOutcome.Warn(FailureClass.Infra, $"{text}: it starts, or waits before it starts again", Journal).Because(state.LastEnd),
            _ => CheckOutcome.Warn(FailureClass.Config, $"{text}: somebody stopped it", "`sudo systemctl start clawmesh-edge`."),
        };
        return outcome.With("activeState", state.Text("ActiveState")).With("mainPid", state.Number("MainPID"));
    }

    private static CheckOutcome Restarts(ServiceState state)
    {
        long count = state.Number("NRestarts");
        string text = string.Create(CultureInfo.InvariantCulture, $"{count} since it was last started by hand or with the machine");
        return (count < ManyRestarts ? CheckOutcome.Pass(text) : CheckOutcome.Warn(FailureClass.Infra, $"started again {text}", Journal).Because($"last end: {state.LastEnd}")).With("restarts", count);
    }

    private static CheckOutcome Watchdog(ServiceState state) => (state switch
    {
        { HasWatchdog: false } => CheckOutcome.Warn(FailureClass.Infra, "systemd does not watch the node: one that hangs stays so", "Remove the drop-in that sets WatchdogSec=0 (`systemctl cat clawmesh-edge` shows it)."),
        { IsActive: true, WatchdogWasFed: false } => CheckOutcome.Warn(FailureClass.Infra, $"every {state.Text("WatchdogUSec")}, and not fed yet", "Look again in some seconds; a node that never feeds it is ended by systemd."),
        _ => CheckOutcome.Pass($"{state.Text("WatchdogUSec")}{(state.WatchdogWasFed ? $", last fed {state.Text("WatchdogTimestamp")}" : "")}"),
    }).With("watchdog", state.Text("WatchdogUSec"));

    private static CheckOutcome StopPost(ServiceState state) => state.Text("ExecStopPost").Contains("safe-state", StringComparison.Ordinal)
        ? CheckOutcome.Pass("safe-state runs after every end of the node")
        : CheckOutcome.Fail(FailureClass.Config, "nothing makes the outputs safe when the node is killed", "Remove the drop-in that empties ExecStopPost= (`systemctl cat clawmesh-edge` shows it).");

    private static CheckOutcome StateOwner(ServiceHost host)
    {
        string path = host.At(StateDirectory.Service);
        var users = new UnixUsers(host.Root);
        if (users.IdsOf(ServiceFiles.User) is not { } user)
            return CheckOutcome.Fail(FailureClass.Config, $"there is no user {ServiceFiles.User}", "`sudo systemd-sysusers clawmesh-edge.conf`, or run `sudo clawmesh-edge service install` again.");
        if (PathAccess.Look(path) != PathSight.Present) return CheckOutcome.Skip($"'{path}' is not there yet; the first start makes it");
        if (PathAccess.OwnerOf(path) is not { } owner) return CheckOutcome.Skip("the kernel does not tell");
        UnixFileMode mode = UnixMode.Of(path);
        CheckOutcome outcome =
            owner.UserId != user.UserId ? CheckOutcome.Fail(FailureClass.Storage, $"'{path}' belongs to {users.NameOf(owner.UserId) ?? $"user {owner.UserId}"}, not to {ServiceFiles.User}", $"`sudo chown -R clawmesh-edge:clawmesh-edge {path}`.")
            : UnixMode.IsOpenToOthers(mode) ? CheckOutcome.Warn(FailureClass.Auth, $"'{path}' has mode {UnixMode.Octal(mode)}: others may look into it", $"`sudo chmod 700 {path}`.")
            : CheckOutcome.Pass($"{path} is {ServiceFiles.User}'s alone");
        return outcome.With("mode", UnixMode.Octal(mode));
    }

    private static CheckOutcome Access(ServiceHost host)
    {
        var users = new UnixUsers(host.Root);
        string name = users.NameOf(host.UserId) ?? $"user {host.UserId}";
        return host.UserId == 0 ? CheckOutcome.Pass("root may use the local socket")
            : users.IdsOf(ServiceFiles.User)?.UserId == host.UserId ? CheckOutcome.Pass($"{name} is the service's own user")
            : users.IsInGroup(host.UserId, LocalServer.OperatorGroup) ? CheckOutcome.Pass($"{name} is in the group {LocalServer.OperatorGroup} and may use the local socket")
            : CheckOutcome.Warn(FailureClass.Auth, $"{name} may not use the local socket of the service", $"`sudo usermod -aG {LocalServer.OperatorGroup} {name}`, then log in again; or use sudo.");
    }
}
