using System.Globalization;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Service;

/// <summary>What systemd says of the unit: the properties of one <c>systemctl show</c>, by their names there (org.freedesktop.systemd1(5)).</summary>
internal sealed class ServiceState
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1.5);

    private static readonly string Properties = string.Join(',', (string[])
    [
        "LoadState", "ActiveState", "SubState", "UnitFileState", "FragmentPath", "NeedDaemonReload", "MainPID", "NRestarts", "Result", "ExecMainCode", "ExecMainStatus",
        "ActiveEnterTimestamp", "InactiveEnterTimestamp", "WatchdogUSec", "WatchdogTimestamp", "WatchdogTimestampMonotonic", "StatusText", "ExecStopPost",
    ]);

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private ServiceState(string shown)
    {
        foreach (string line in shown.Split('\n'))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            // A property with several values has a line for each; ExecStopPost= is the only such one here.
            if (equals > 0) _values[line[..equals]] = _values.TryGetValue(line[..equals], out string? before) ? $"{before} {line[(equals + 1)..].Trim()}" : line[(equals + 1)..].Trim();
        }
    }

    public bool IsInstalled => Text("LoadState") is "loaded" or "masked" or "bad-setting" or "error";

    /// <summary>It has a process that is, or becomes, the node.</summary>
    public bool IsActive => Text("ActiveState") is "active" or "activating" or "reloading";

    public bool IsEnabled => Text("UnitFileState") is "enabled" or "enabled-runtime";

    public bool HasWatchdog => Text("WatchdogUSec") is not ("" or "0" or "infinity");

    /// <summary>systemd has heard a heartbeat since the start.</summary>
    public bool WatchdogWasFed => Number("WatchdogTimestampMonotonic") > 0;

    public long Number(string property) => long.TryParse(Text(property), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    /// <summary>Empty when systemd does not say.</summary>
    public string Text(string property) => _values.GetValueOrDefault(property, "");

    /// <summary>How the last process of the unit ended, in words; empty when none has.</summary>
    public string LastEnd => (Text("ExecMainCode"), Text("ExecMainStatus")) switch
    {
        ("" or "0", _) => "",
        // CLD_EXITED, CLD_KILLED, CLD_DUMPED of siginfo.h.
        ("1", var status) => $"exit {status}, {Text("Result")}",
        (_, var signal) => $"signal {signal}, {Text("Result")}",
    };

    /// <summary>Null when there is no systemd to ask, or it does not answer.</summary>
    public static ServiceState? Read(ServiceHost host)
    {
        if (!host.HasSystemd) return null;
        return host.Run("systemctl", ["show", ServiceFiles.Unit, $"--property={Properties}"], Limit) is { Ok: true } result ? new ServiceState(result.Output) : null;
    }
}

/// <summary>Which version runs, by the links and the file that updates are made with.</summary>
/// <param name="Current">The name of the release, or <c>packaged</c>.</param>
/// <param name="Trial">The lines of the trial file; empty when no update is on trial.</param>
internal sealed record ReleaseState(string Current, string Previous, IReadOnlyDictionary<string, string> Trial)
{
    public const string Packaged = "packaged";

    // Eight lines of a few words each; whatever is longer is no trial.
    private const int MaxTrialBytes = 4096;

    public static ReleaseState Read(ServiceHost host) =>
        new(Named(host.At(ServiceFiles.Releases + "/current")), Named(host.At(ServiceFiles.Releases + "/previous")), ReadTrial(host.At(ServiceFiles.Releases + "/trial")));

    private static string Named(string link) => new FileInfo(link).LinkTarget is { } target ? Path.GetFileName(target.TrimEnd('/')) : Packaged;

    private static Dictionary<string, string> ReadTrial(string path)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            if (new FileInfo(path) is not { Exists: true, Length: <= MaxTrialBytes }) return values;
            foreach (string line in File.ReadAllLines(path))
            {
                int equals = line.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0) values[line[..equals]] = line[(equals + 1)..];
            }
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            values["release"] = $"? ({closed.Message})";
        }

        return values;
    }
}
