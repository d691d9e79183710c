using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The state directory: there, writable for whoever owns it, closed to others, and all of one owner.</summary>
internal static class StateDirectoryCheck
{
    // What a run with sudo leaves behind, and the node then cannot open.
    private static readonly string[] Kept = ["edge.db", "edge.db-wal", "edge.db-shm", "edge.db.head", "node.json", "node.lock", "active-site.json", DeviceIdentity.RelativePath, "mesh/trusted-peers.json", "sim/outputs"];

    public static CheckOutcome Run(DiagContext context)
    {
        StateDirectory state = context.State;
        string from = $"chosen by: {state.Origin}";
        CheckOutcome outcome = PathAccess.Look(state.Path) switch
        {
            PathSight.Hidden => CheckOutcome.Skip(context.Closed(NearestExisting(state.Path))),
            PathSight.Absent => Absent(state.Path),
            _ => Present(context, state.Path),
        };
        return outcome.Because(from).With("path", state.Path).With("origin", state.Origin);
    }

    /// <summary>The path itself, or the nearest directory above it that is there.</summary>
    public static string NearestExisting(string path)
    {
        string at = Path.GetFullPath(path);
        while (PathAccess.Look(at) != PathSight.Present && Path.GetDirectoryName(at) is { } parent) at = parent;
        return at;
    }

    private static CheckOutcome Absent(string path)
    {
        string parent = NearestExisting(path);
        return PathAccess.MayWrite(parent)
            ? CheckOutcome.Skip($"'{path}' is not there yet; the first `clawmesh-edge run` makes it")
            : CheckOutcome.Warn(FailureClass.Storage, $"'{path}' is not there, and this user may not make it", "Name a directory of your own with --state-dir, or run the node as a service.")
                .Because($"'{parent}' is not writable for this user");
    }

    private static CheckOutcome Present(DiagContext context, string path)
    {
        if (!Directory.Exists(path))
            return CheckOutcome.Fail(FailureClass.Config, $"'{path}' is not a directory", "Name a directory with --state-dir, or move the file away.");

        FileOwner? owner = PathAccess.OwnerOf(path);
        bool readOnly = context.Host.FileSystem(path).ReadOnly;
        bool writable = !readOnly && PathAccess.MayWrite(path);
        string belongs = owner is { } known ? $", belongs to {context.UserName(known.UserId)}" : "";
        bool ours = owner is null || owner.Value.UserId == HostKernel.EffectiveUserId || HostKernel.EffectiveUserId == 0;
        UnixFileMode mode = UnixMode.Of(path);
        string text = $"{path}{belongs}, mode {UnixMode.Octal(mode)}";
        string[] strangers = owner is { } o ? [.. Kept.Where(f => PathAccess.OwnerOf(Path.Combine(path, f)) is { } other && other.UserId != o.UserId)] : [];

        CheckOutcome outcome =
            ours && !writable
                ? CheckOutcome.Fail(FailureClass.Storage, $"{text}, is not writable", readOnly ? "Its file system is mounted read-only: look for disk errors in `dmesg`, then remount it writable: `mount -o remount,rw MOUNTPOINT`." : $"`chmod 700 {path}`.")
            : (mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0
                ? CheckOutcome.Warn(FailureClass.Auth, $"{text}, is writable for others", $"`chmod go-w {path}`.").Because("whoever may write there can replace the identity and the journal")
            : strangers.Length > 0
                ? CheckOutcome.Warn(FailureClass.Storage, $"{text}, holds files of another user", $"`chown -R {context.UserName(owner!.Value.UserId)} {path}`.")
                    .Because($"the node may not be able to open {string.Join(", ", strangers)}; a run with sudo leaves such files")
            : CheckOutcome.Pass(ours ? $"{text}, writable" : text);
        return outcome.With("mode", UnixMode.Octal(mode)).With("owner", owner is { } by ? context.UserName(by.UserId) : "").With("writable", writable);
    }
}
