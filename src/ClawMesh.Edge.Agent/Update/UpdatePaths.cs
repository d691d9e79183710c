namespace ClawMesh.Edge.Agent.Update;

/// <summary>
/// Where versions of this program lie. The launcher and the start guard, which are shell scripts and no part of an update, know the same
/// paths; all that the three have in common is on disk.
/// </summary>
/// <param name="Root">Empty, or where a test has laid the tree out.</param>
internal sealed record UpdatePaths(string Root = "")
{
    /// <summary>In place of a release's name: the binary that the package, or <c>service install</c>, brought.</summary>
    public const string PackagedName = "packaged";

    public const string BinaryName = "clawmesh-edge";

    public const string Unit = "clawmesh-edge.service";

    public const string WatchUnit = "clawmesh-edge-update.service";

    public string Home => Root + "/opt/clawmesh-edge";

    public string Releases => Home + "/releases";

    /// <summary>A symbolic link to a release; without it the packaged binary runs.</summary>
    public string Current => Home + "/current";

    /// <summary>Likewise what ran before it.</summary>
    public string Previous => Home + "/previous";

    public string Trial => Home + "/trial";

    public string LastResult => Home + "/last-result";

    public string Lock => Home + "/lock";

    public string Keys => Root + "/etc/clawmesh-edge/update.keys";

    public string Packaged => Root + "/usr/lib/clawmesh-edge/clawmesh-edge";

    public string Guard => Root + "/usr/lib/clawmesh-edge/start-guard";

    public string Health => Root + "/run/clawmesh-edge/health";

    public string Uptime => Root + "/proc/uptime";

    public string BootId => Root + "/proc/sys/kernel/random/boot_id";

    /// <summary>As the scripts decide: a service manager sets INVOCATION_ID (systemd.exec(5)), and then only the real paths count.</summary>
    public static UpdatePaths FromEnvironment(Func<string, string?> variable) =>
        new(string.IsNullOrEmpty(variable("INVOCATION_ID")) ? variable("CLAWMESH_ROOT") ?? "" : "");

    public string ReleaseOf(string name) => $"{Releases}/{name}";

    public string BinaryOf(string name) => name == PackagedName ? Packaged : $"{Releases}/{name}/{BinaryName}";

    /// <summary>The release that a link names, or <see cref="PackagedName"/>.</summary>
    public string Linked(string link)
    {
        string? target = new FileInfo(link).LinkTarget;
        string name = target is null ? "" : target[(target.LastIndexOf('/') + 1)..];
        return target is not null && (target == "releases/" + name || target == ReleaseOf(name)) && ReleaseVersion.IsWellFormed(name) ? name : PackagedName;
    }

    /// <summary>What the launcher starts: the current release where its binary is there, else the packaged one.</summary>
    public string Running()
    {
        string current = Linked(Current);
        return File.Exists(BinaryOf(current)) ? current : PackagedName;
    }
}
