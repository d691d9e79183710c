using System.Text;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>Where a node keeps its state (DESIGN section 7), and the names of what lies there.</summary>
/// <param name="Origin">Why this directory, for <c>-v</c>.</param>
internal sealed record StateDirectory(string Path, string Origin)
{
    /// <summary>The directory of the service.</summary>
    public const string Service = "/var/lib/clawmesh-edge";

    /// <summary>Made by systemd. The one place below /run that the service may write, whatever happens to its disk.</summary>
    public const string ServiceRuntime = "/run/clawmesh-edge";

    /// <summary>The socket of the service.</summary>
    public const string ServiceSocket = ServiceRuntime + "/edge.sock";

    private static readonly string[] UnitFiles =
    [
        "/etc/systemd/system/clawmesh-edge.service",
        "/usr/lib/systemd/system/clawmesh-edge.service",
        "/lib/systemd/system/clawmesh-edge.service",
    ];

    // sun_path of struct sockaddr_un holds 108 bytes, the last one NUL (linux/un.h).
    private const int MaxSocketPathBytes = 107;

    public string NodeConfigFile => System.IO.Path.Combine(Path, "node.json");

    public string ActiveSiteFile => System.IO.Path.Combine(Path, "active-site.json");

    public string ClockFile => System.IO.Path.Combine(Path, "clock.json");

    public static StateDirectory Resolve(string? flag, Func<string, string?> environment)
    {
        if (!string.IsNullOrWhiteSpace(flag)) return new StateDirectory(System.IO.Path.GetFullPath(flag), "--state-dir");
        if (environment("CLAWMESH_STATE_DIR")?.Trim() is { Length: > 0 } variable) return new StateDirectory(System.IO.Path.GetFullPath(variable), "CLAWMESH_STATE_DIR");
        if (environment("INVOCATION_ID") is { Length: > 0 } && environment("STATE_DIRECTORY") is { Length: > 0 } byUnit) return new StateDirectory(byUnit.Split(':')[0], "run by the systemd unit");
        if (UnitFiles.FirstOrDefault(File.Exists) is { } unit) return new StateDirectory(Service, $"{unit} is installed");

        string home = environment("HOME") is { Length: > 0 } h ? h : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return new StateDirectory(System.IO.Path.Combine(home, ".clawmesh"), "default for a user");
    }

    /// <summary>Where the local socket may be, in the order to try.</summary>
    public IReadOnlyList<string> SocketCandidates()
    {
        var candidates = new List<string>();
        if (Path == Service) candidates.Add(ServiceSocket);
        candidates.Add(System.IO.Path.Combine(Path, "edge.sock"));

        candidates.AddRange(Elsewhere().Select(folder => folder + ".sock"));
        return candidates;
    }

    /// <summary>Where the node's lock may be, in the order to try.</summary>
    public IReadOnlyList<string> LockDirectories() => Path == Service ? [Path, ServiceRuntime, .. Elsewhere()] : [Path, .. Elsewhere()];

    // Where the state directory cannot hold a socket or a lock (read-only medium), they are named after it elsewhere.
    private IEnumerable<string> Elsewhere()
    {
        string tag = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Path)))[..12];
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime) yield return System.IO.Path.Combine(runtime, $"clawmesh-edge-{tag}");
        yield return $"/run/clawmesh-edge-{tag}";
    }

    /// <exception cref="EdgeException"><c>node.socket_path_too_long</c>.</exception>
    public static string CheckSocketPath(string path)
    {
        int bytes = Encoding.UTF8.GetByteCount(path);
        if (bytes <= MaxSocketPathBytes) return path;
        throw new EdgeException(
            ErrorCodes.SocketPathTooLong,
            $"Could not use the local socket '{path}'.",
            $"Its path is {bytes} bytes long; the kernel allows {MaxSocketPathBytes}.",
            "Choose a shorter state directory with --state-dir or CLAWMESH_STATE_DIR.",
            FailureClass.Config);
    }
}
