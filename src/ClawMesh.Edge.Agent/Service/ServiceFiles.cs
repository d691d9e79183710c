using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Service;

/// <summary>A text that <c>service install</c> writes; it is inside the binary.</summary>
/// <param name="Name">As in <c>systemd/</c> or <c>hw/udev/</c>.</param>
/// <param name="Target">Where it belongs.</param>
internal sealed record ServiceFile(string Name, string Target, UnixFileMode Mode)
{
    /// <summary>Null when this build has no such file.</summary>
    public byte[]? Content()
    {
        using Stream? stream = typeof(ServiceFile).Assembly.GetManifestResourceStream($"service/{Name}");
        if (stream is null) return null;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}

/// <summary>The places of the service. A package keeps to <c>/usr/lib</c>, what is installed by hand to <c>/etc</c>.</summary>
internal static class ServiceFiles
{
    public const string Unit = "clawmesh-edge.service";
    public const string UpdateUnit = "clawmesh-edge-update.service";
    public const string User = "clawmesh-edge";
    public const string Folder = "/usr/lib/clawmesh-edge";
    public const string Binary = Folder + "/clawmesh-edge";
    public const string Launcher = "/usr/bin/clawmesh-edge";
    public const string Configuration = "/etc/clawmesh-edge";
    public const string Sites = Configuration + "/sites";
    public const string Releases = "/opt/clawmesh-edge";

    /// <summary>The same name for sysusers.d and tmpfiles.d; both programs find it by that.</summary>
    public const string Drop = "clawmesh-edge.conf";

    public const UnixFileMode Readable = UnixMode.OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    public const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>In the order to write them: nothing names what is not there yet.</summary>
    public static readonly IReadOnlyList<ServiceFile> All =
    [
        new("start-guard", Folder + "/start-guard", Executable),
        new("launcher", Launcher, Executable),
        new("clawmesh-edge.sysusers", "/etc/sysusers.d/" + Drop, Readable),
        new("clawmesh-edge.tmpfiles", "/etc/tmpfiles.d/" + Drop, Readable),
        new("60-clawmesh-edge.rules", "/etc/udev/rules.d/60-clawmesh-edge.rules", Readable),
        new(UpdateUnit, "/etc/systemd/system/" + UpdateUnit, Readable),
        new(Unit, "/etc/systemd/system/" + Unit, Readable),
    ];

    private static readonly string[] PackagedUnits = ["/usr/lib/systemd/system/" + Unit, "/lib/systemd/system/" + Unit];

    /// <summary>The unit file of a package; null when there is none.</summary>
    public static string? Packaged(ServiceHost host)
    {
        foreach (string unit in PackagedUnits)
        {
            if (File.Exists(host.At(unit))) return unit;
        }

        return null;
    }

    /// <summary>The unit file in force; null when the node is not installed as a service.</summary>
    public static string? InstalledUnit(ServiceHost host) => File.Exists(host.At(All[^1].Target)) ? All[^1].Target : Packaged(host);
}
