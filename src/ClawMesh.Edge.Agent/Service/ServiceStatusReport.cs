using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Core.Errors;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Service;

/// <summary><c>service status</c>: what systemd says of the unit, and which version it runs.</summary>
internal sealed record ServiceStatusReport(ServiceState State, ReleaseState Release) : IReport
{
    public string Kind => "service status";

    public ReportStatus Status => !State.IsActive ? ReportStatus.Fail : State.IsEnabled ? ReportStatus.Ok : ReportStatus.Warn;

    /// <exception cref="EdgeException"><c>service.no_systemd</c>, <c>service.no_answer</c>.</exception>
    public static ServiceStatusReport Read(ServiceHost host)
    {
        ServiceInstaller.RequireSystemd(host);
        ServiceState state = ServiceState.Read(host) ?? throw new EdgeException(
            "service.no_answer", "Could not tell how the service is.", "systemctl did not answer.", "See whether `systemctl show clawmesh-edge` answers; a machine out of memory or a hung bus keeps it from that.");
        return new ServiceStatusReport(state, ReleaseState.Read(host));
    }

    public void WriteData(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("installed", State.IsInstalled);
        writer.WriteString("unit", State.Text("FragmentPath"));
        writer.WriteString("activeState", State.Text("ActiveState"));
        writer.WriteString("subState", State.Text("SubState"));
        writer.WriteString("enabled", State.Text("UnitFileState"));
        writer.WriteNumber("mainPid", State.Number("MainPID"));
        writer.WriteString("since", Since);
        writer.WriteNumber("restarts", State.Number("NRestarts"));
        writer.WriteString("watchdog", State.Text("WatchdogUSec"));
        writer.WriteString("watchdogFedAt", State.Text("WatchdogTimestamp"));
        writer.WriteString("result", State.Text("Result"));
        writer.WriteString("lastEnd", State.LastEnd);
        writer.WriteString("says", State.Text("StatusText"));
        writer.WriteBoolean("unitChangedOnDisk", State.Text("NeedDaemonReload") == "yes");
        writer.WriteString("release", Release.Current);
        writer.WriteString("previous", Release.Previous);
        writer.WriteStartObject("trial");
        foreach ((string name, string value) in Release.Trial) writer.WriteString(name, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    public void Render(IAnsiConsole console)
    {
        if (!State.IsInstalled)
        {
            console.WriteLine("The node is not installed as a service: `sudo clawmesh-edge service install --site FILE`.");
            return;
        }

        string fed = State.HasWatchdog ? $"{State.Text("WatchdogUSec")}{(State.WatchdogWasFed ? $", last fed {State.Text("WatchdogTimestamp")}" : ", not fed yet")}" : "none";
        console.Write(Facts.Grid(
            ("state", $"{State.Text("ActiveState")} ({State.Text("SubState")})"), ("since", Since), ("enabled", State.Text("UnitFileState")),
            ("process", State.Number("MainPID") is > 0 and var pid ? pid.ToString(CultureInfo.InvariantCulture) : ""),
            ("restarts", State.Text("NRestarts")), ("watchdog", fed), ("last end", State.LastEnd), ("says", Facts.Plain(State.Text("StatusText"))),
            ("release", Release.Current), ("on trial", Trial), ("unit", State.Text("FragmentPath"))));
        if (State.Text("NeedDaemonReload") == "yes") console.WriteLine("The unit file has changed on disk: `systemctl daemon-reload`.");
        if (!State.IsActive) console.WriteLine("`journalctl -u clawmesh-edge -n 50` has what the node said last; docs/guides/recovery.md what to do.");
    }

    private string Since => State.Text(State.IsActive ? "ActiveEnterTimestamp" : "InactiveEnterTimestamp");

    private string Trial => Release.Trial.TryGetValue("release", out string? on)
        ? Facts.Plain($"{on}, start {Release.Trial.GetValueOrDefault("starts", "0")}, then {Release.Trial.GetValueOrDefault("previous", "?")}")
        : "";
}
