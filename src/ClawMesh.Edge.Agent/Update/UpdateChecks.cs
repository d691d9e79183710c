using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>What has to hold before a release is installed, or put back; each refusal with what would cure it.</summary>
internal sealed class UpdateChecks(UpdatePaths paths, IUpdateHost host)
{
    private static readonly TimeSpan VersionLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ManagerLimit = TimeSpan.FromSeconds(10);

    // For the trial, its result, and whatever the node writes meanwhile on the same disk.
    private const long SpareBytes = 32L * 1024 * 1024;

    // elf.h: 64-bit, little-endian, then e_machine at byte 18.
    private const ushort MachineX64 = 62;
    private const ushort MachineArm64 = 183;

    /// <exception cref="EdgeException"><c>update.needs_root</c>.</exception>
    public static void RequireRoot(UpdatePaths paths)
    {
        if (HostKernel.EffectiveUserId == 0 || paths.Root.Length > 0) return;
        throw new EdgeException(
            "update.needs_root", "Did not touch the installed versions.", $"They belong to root; this is user {HostKernel.EffectiveUserId}.",
            "Run the same command with sudo.", FailureClass.Auth);
    }

    /// <summary>There is a version to fall back to, a guard to do it, and a unit it can restart.</summary>
    /// <exception cref="EdgeException"><c>update.not_installed</c>.</exception>
    public async Task RequireInstalledAsync(CancellationToken cancellationToken)
    {
        string? missing = !File.Exists(paths.Packaged) ? $"'{paths.Packaged}', the version of last resort, is not there."
            : !File.Exists(paths.Guard) ? $"'{paths.Guard}', which would take a bad update back, is not there."
            : (await host.RunAsync("systemctl", ["cat", UpdatePaths.Unit, UpdatePaths.WatchUnit], ManagerLimit, cancellationToken)).Ok ? null
            : $"systemd does not know {UpdatePaths.Unit} and {UpdatePaths.WatchUnit}.";
        if (missing is null) return;
        throw new EdgeException(
            "update.not_installed", "Updates are for a node that is installed as a service.", missing,
            "Install the package, or run `sudo clawmesh-edge service install`.", FailureClass.Config);
    }

    /// <exception cref="EdgeException"><c>update.other_machine</c>.</exception>
    public void RequireMachine(BundleManifest manifest)
    {
        string? why = manifest.Rid != host.Rid ? $"It is for {manifest.Rid}; this machine is {host.Rid}."
            : manifest.MinKernel is { } least && ReleaseVersion.Compare(Numbers(host.Kernel), least) < 0 ? $"It needs Linux {least}; this is {host.Kernel}."
            : null;
        if (why is not null) throw OtherMachine(manifest, why);
    }

    /// <exception cref="EdgeException"><c>update.on_trial</c>.</exception>
    public void RequireNoTrial()
    {
        if (!File.Exists(paths.Trial)) return;
        Trial? trial = Trial.Read(paths.Trial);

        // A trial whose release is not the current one is what a killed apply left; this one holds its lock now and tidies up.
        if (trial is not null && paths.Linked(paths.Current) != trial.Release) return;
        throw new EdgeException(
            "update.on_trial", "Did not install a further version.",
            trial is null ? $"'{paths.Trial}' is there and makes no sense." : $"Release {trial.Release} is still on trial; until it is committed, {trial.Previous} must stay the one to go back to.",
            trial is null ? "Restart the node: its start guard settles it." : "Wait for its end (`clawmesh-edge update status`), or end it with `update rollback`.", FailureClass.PolicyDenied);
    }

    /// <exception cref="EdgeException"><c>update.already_installed</c>, <c>update.older</c>.</exception>
    public async Task RequireNewerAsync(BundleManifest manifest, bool allowOlder, CancellationToken cancellationToken)
    {
        string running = paths.Running();
        string? version = await VersionOfAsync(paths.BinaryOf(running), cancellationToken);
        if (manifest.Version == version || manifest.Version == running) throw Already(manifest, "It runs.", "Nothing needs to be done; a bundle of other content must have another version.");
        if (manifest.Version == paths.Linked(paths.Previous) && running != UpdatePaths.PackagedName && File.Exists(paths.BinaryOf(manifest.Version)))
            throw Already(manifest, "It is the release before the one that runs.", "Go back to it with `sudo clawmesh-edge update rollback`.");

        // A current version that cannot tell its number is sick; that must not stand between it and its cure.
        if (allowOlder || version is null || ReleaseVersion.Compare(manifest.Version, version) >= 0) return;
        throw new EdgeException(
            "update.older", $"Did not install version {manifest.Version}.",
            $"Version {version} runs, which is newer. A signature does not age: an old bundle in the wrong hands could bring back a fault that was mended.",
            "If that is what you want, repeat it with --allow-older.", FailureClass.PolicyDenied);
    }

    /// <exception cref="EdgeException"><c>update.energised</c>, <c>update.node_silent</c>.</exception>
    public async Task RequireAtRestAsync(CancellationToken cancellationToken)
    {
        NodeSight node = await host.LookAtNodeAsync(cancellationToken);
        if (node is { Answers: false, Pid: { } pid })
        {
            throw new EdgeException(
                "update.node_silent", "Did not start an update.", $"Process {pid} runs the node and did not say whether an output is energised: {node.Problem}",
                "Look at its log. `sudo systemctl stop clawmesh-edge` makes its outputs safe; then repeat the command.", FailureClass.Infra);
        }

        RequireAtRest(node);
    }

    /// <exception cref="EdgeException"><c>update.energised</c>.</exception>
    public static void RequireAtRest(NodeSight node)
    {
        if (node.Energised.Count == 0) return;
        throw new EdgeException(
            "update.energised", "Did not restart the node.", $"A restart ends what runs, and {string.Join(", ", node.Energised)} {(node.Energised.Count == 1 ? "is" : "are")} energised.",
            "Wait for the end of the lease (`clawmesh-edge status`), close it, or send everything to its safe state with `clawmesh-edge safe-state`.", FailureClass.PolicyDenied);
    }

    /// <param name="freed">Bytes of what is removed first.</param>
    /// <exception cref="EdgeException"><c>update.no_space</c>.</exception>
    public void RequireSpace(BundleManifest manifest, string directory, long freed)
    {
        long free = host.FreeBytes(directory);
        if (free >= manifest.TotalBytes + SpareBytes - freed) return;
        throw new EdgeException(
            "update.no_space", $"Did not install version {manifest.Version}.",
            string.Create(CultureInfo.InvariantCulture, $"'{directory}' has {free / 1048576} MB free; it takes {(manifest.TotalBytes + SpareBytes) / 1048576} MB."),
            "Make room on that file system.", FailureClass.Storage);
    }

    /// <summary>The unpacked binary is made for this machine, runs on it, and is the version it is said to be.</summary>
    /// <exception cref="EdgeException"><c>update.other_machine</c>, <c>update.does_not_run</c>.</exception>
    public async Task RequireRunsAsync(BundleManifest manifest, string binary, CancellationToken cancellationToken)
    {
        ushort wanted = manifest.Rid == "linux-arm64" ? MachineArm64 : MachineX64;
        ushort? found = MachineOf(binary);
        if (found != wanted) throw OtherMachine(manifest, found is null ? "Its binary is no 64-bit ELF program." : $"Its binary is for ELF machine {found}; {manifest.Rid} is {wanted}.");
        ProgramResult ran = await host.RunAsync(binary, ["version", "--json"], VersionLimit, cancellationToken);
        string? why = ran.TimedOut ? $"`version --json` of it took more than {VersionLimit.TotalSeconds:0} s."
            : !ran.Ok ? $"`version --json` of it ended with exit code {ran.ExitCode}. {ran.Output}".TrimEnd()
            : VersionIn(ran.Output) is not { } told ? "`version --json` of it printed no version."
            : told != manifest.Version ? $"It says it is version {told}; its manifest says {manifest.Version}."
            : null;
        if (why is null) return;
        throw new EdgeException(
            "update.does_not_run", $"Did not install version {manifest.Version}.", why,
            "A library of this machine may be too old for it; try the binary by hand on a machine like this one.", FailureClass.Infra);
    }

    private async Task<string?> VersionOfAsync(string binary, CancellationToken cancellationToken)
    {
        try
        {
            ProgramResult ran = await host.RunAsync(binary, ["version", "--json"], VersionLimit, cancellationToken);
            return ran.Ok ? VersionIn(ran.Output) : null;
        }
        catch (EdgeException cannotStart) when (cannotStart.Code == "program.not_started")
        {
            return null;
        }
    }

    private static string? VersionIn(string output)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            return document.RootElement.GetProperty("data").GetProperty("version").GetString();
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    internal static ushort? MachineOf(string binary)
    {
        using FileStream file = File.OpenRead(binary);
        Span<byte> head = stackalloc byte[20];
        bool elf = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.StartsWith("\u007fELF\u0002\u0001"u8);
        return elf ? (ushort)(head[18] | (head[19] << 8)) : null;
    }

    private static string Numbers(string kernel)
    {
        int end = 0;
        while (end < kernel.Length && (char.IsAsciiDigit(kernel[end]) || kernel[end] == '.')) end++;
        return kernel[..end].TrimEnd('.');
    }

    private static EdgeException OtherMachine(BundleManifest manifest, string why) => new(
        "update.other_machine", $"Did not install version {manifest.Version}.", why, "Take the bundle that was made for this kind of machine.", FailureClass.Config);

    private static EdgeException Already(BundleManifest manifest, string why, string fix) => new(
        "update.already_installed", $"Did not install version {manifest.Version}.", why, fix, FailureClass.PolicyDenied);
}
