using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Service;

/// <param name="Site">A name or a file; null leaves the one that node.json names.</param>
/// <param name="AdoptFrom">The state directory of a classic node, or null.</param>
internal sealed record InstallRequest(string? Site, string? AdoptFrom, bool Start);

/// <summary>
/// <c>service install</c>: everything is checked before anything is written; each step can be taken again. A node that runs is not
/// restarted: its outputs may be in use.
/// </summary>
internal sealed class ServiceInstaller(ServiceHost host)
{
    // READY=1 comes when the port listens; a unit that hangs is ended by its own limit before this one.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(150);

    // What a rule of ours speaks of. Without a match every device of the machine would be added again.
    private static readonly string[] Subsystems = ["gpio", "i2c-dev", "spidev", "tty", "pwm", "w1"];

    private readonly ServiceSteps _steps = new(host);

    private string StatePath => host.At(StateDirectory.Service);

    /// <exception cref="EdgeException">Refused; nothing was written. <c>service.needs_root</c>, <c>service.no_systemd</c>, <c>service.no_image</c>,
    /// <c>service.other_machine</c>, <c>service.on_trial</c>, <c>service.development_build</c>, <c>site.missing</c>, <c>site.invalid</c>, <c>config.invalid</c>, those of <see cref="Adoption.Check"/>.</exception>
    public ServiceReport Install(InstallRequest request)
    {
        RequireRoot(host, "install");
        if (host.IsImage) RequireImage();
        else RequireSystemd(host);
        RequireNoTrial();
        bool packaged = ServiceFiles.Packaged(host) is not null;
        if (!packaged && !host.IsPublished && !IsInPlace())
        {
            throw new EdgeException(
                "service.development_build", "Did not install the service.", $"'{host.Executable}' is a build for development, which does not work without the files beside it.",
                "Publish the binary with `make publish` and run that one.", FailureClass.Config);
        }

        if (!packaged && host.IsImage) RequireSameMachine();
        SiteChoice site = ChooseSite(request.Site);
        string? config = PlanConfig(site.Setting, out bool hadComments);
        using Adoption? adoption = request.AdoptFrom is { } directory ? Adoption.Check(host, Path.GetFullPath(directory), StatePath) : null;

        WriteFiles(packaged);
        if (!packaged) MakeUserAndDirectories();
        WriteState(site, config, hadComments, adoption);
        if (host.IsImage) EnableInImage();
        else Activate(request.Start);
        return new ServiceReport("service install", host.Root, _steps.All, Next(request));
    }

    internal static void RequireRoot(ServiceHost host, string verb)
    {
        if (host.UserId == 0) return;
        throw new EdgeException(
            "service.needs_root", $"Did not {verb} the service.", $"It takes root; this is user {host.UserId}.", $"Run it with sudo: `sudo clawmesh-edge service {verb} …`.", FailureClass.Auth);
    }

    internal static void RequireSystemd(ServiceHost host)
    {
        if (host.HasSystemd) return;
        throw new EdgeException(
            "service.no_systemd", "There is no service on this machine.", "systemd is not the first process here (there is no /run/systemd/system), as in most containers.",
            "Run the node with `clawmesh-edge run`; `service install --root DIR` prepares an image for a machine that has systemd.");
    }

    // The guard that judges a trial is not replaced by the guard of the version it judges.
    private void RequireNoTrial()
    {
        if (!File.Exists(host.At(ServiceFiles.Releases + "/trial"))) return;
        throw new EdgeException(
            "service.on_trial", "Did not install the service.", $"An update is on trial ('{host.At(ServiceFiles.Releases + "/trial")}'), and the start guard that watches it must stay the one it is.",
            "Wait for its end (`clawmesh-edge update status`), or end it with `sudo clawmesh-edge update rollback`.", FailureClass.PolicyDenied);
    }

    private void RequireImage()
    {
        if (Directory.Exists(host.At("/etc"))) return;
        throw new EdgeException(
            "service.no_image", "Did not install the service.", $"'{host.Root}' holds no file system: there is no '{host.At("/etc")}'.", "Name the directory in which the image's root file system is mounted or unpacked.", FailureClass.Config);
    }

    private void RequireSameMachine()
    {
        if (MachineOf(host.At("/usr/bin/env")) is not { } theirs || MachineOf(host.Executable) is not { } ours || theirs == ours) return;
        throw new EdgeException(
            "service.other_machine", "Did not install the service.", $"The programs of '{host.Root}' are for ELF machine {theirs}, this one is for {ours} (elf.h: 62 is x86-64, 183 is AArch64).",
            "Install the package for that machine into the image, then run this command again for its site and identity.", FailureClass.Config);
    }

    // Elf64_Ehdr.e_machine, little-endian as everywhere this runs. Null for what is no program, or a link that leads out of the image.
    private static int? MachineOf(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).LinkTarget is not null) return null;
        using FileStream file = File.OpenRead(path);
        Span<byte> head = stackalloc byte[20];
        return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.StartsWith("\u007fELF"u8) ? head[18] | (head[19] << 8) : null;
    }

    /// <param name="Setting">For node.json; null leaves what is there.</param>
    /// <param name="Target">Where a copy of the file belongs; null when there is nothing to copy.</param>
    private sealed record SiteChoice(string? Setting, byte[]? Content, string? Target);

    private SiteChoice ChooseSite(string? wanted)
    {
        if (wanted is null)
        {
            string? known = LoadConfig().Text(ConfigKeys.Site);
            if (known is null)
            {
                throw new EdgeException(
                    ErrorCodes.SiteMissing, "Did not install the service.", "No site is named; a node never guesses which outputs are its own, and the service would not start.",
                    "Name it with --site FILE, or try the simulated farm with --site simulated.", FailureClass.Config);
            }

            Check(IsPath(known) ? host.At(known) : known);
            return new SiteChoice(null, null, null);
        }

        Check(wanted);
        if (!IsPath(wanted)) return new SiteChoice(wanted, null, null);
        string from = Path.GetFullPath(wanted);
        string target = $"{ServiceFiles.Sites}/{Path.GetFileNameWithoutExtension(from)}.json";
        // In /etc, not beside the state: what the node is wired to is for root to say.
        return new SiteChoice(target, from == host.At(target) ? null : File.ReadAllBytes(from), target);
    }

    private static void Check(string site) => Node.Sites.RequireNoConflict(Node.Sites.Load(site));

    private static bool IsPath(string site) => site.Contains('/') || site.EndsWith(".json", StringComparison.Ordinal);

    private NodeConfig LoadConfig()
    {
        using IDisposable? user = host.Inside(StatePath);
        return NodeConfig.Load(new StateDirectory(StatePath, ""), new Dictionary<string, (string, JsonElement)>()).OrThrow();
    }

    /// <summary>The new text of node.json, or null when it says so already.</summary>
    private string? PlanConfig(string? site, out bool hadComments)
    {
        hadComments = false;
        if (site is null || LoadConfig().Text(ConfigKeys.Site) == site) return null;
        string file = Path.Combine(StatePath, "node.json");
        string? old;
        using (host.Inside(StatePath)) old = File.Exists(file) ? File.ReadAllText(file) : null;
        hadComments = old is not null && NodeFile.HasComments(old);
        return NodeFile.With(old, file, ConfigKeys.Site, $"\"{JsonEncodedText.Encode(site, JsonText.Relaxed.Encoder)}\"");
    }

    // Run from where it belongs, by hand or by a package or as a release of an update: then there is nothing to copy.
    private bool IsInPlace() =>
        host.Executable == host.At(ServiceFiles.Binary) || host.Executable.StartsWith(host.At(ServiceFiles.Releases) + "/", StringComparison.Ordinal);

    private void WriteFiles(bool packaged)
    {
        if (packaged)
        {
            _steps.Tell("program and unit", StepState.Skipped, $"a package brought them: {ServiceFiles.Packaged(host)}");
            return;
        }

        string binary = host.At(ServiceFiles.Binary);
        // A release runs from a folder that updates clear; what there is to fall back on must not be missing.
        if (IsInPlace() && File.Exists(binary)) _steps.Tell("program", StepState.Unchanged, host.Executable);
        else _steps.Do("program", () => ServiceWriter.Copy(host.Executable, binary));
        foreach (ServiceFile file in ServiceFiles.All)
        {
            if (file.Content() is { } content) _steps.Do(file.Name, () => ServiceWriter.Put(host.At(file.Target), content, file.Mode));
            else _steps.Tell(file.Name, StepState.Skipped, "this build has none");
        }
    }

    private void MakeUserAndDirectories()
    {
        string[] root = host.IsImage ? [$"--root={host.Root}"] : [];
        string? later = host.IsImage ? "the first boot of the image does it" : null;
        _steps.Run("user and groups", "systemd-sysusers", [.. root, ServiceFiles.Drop], later);
        _steps.Run("directories", "systemd-tmpfiles", [.. root, "--create", ServiceFiles.Drop], later);
    }

    private void WriteState(SiteChoice site, string? config, bool hadComments, Adoption? adoption)
    {
        FileOwner? owner = new UnixUsers(host.Root).IdsOf(ServiceFiles.User);
        if (site.Content is { } content) _steps.Do("site", () => ServiceWriter.Put(host.At(site.Target!), content, ServiceFiles.Readable));
        if (site.Setting is null || config is null) _steps.Tell("node.json", StepState.Unchanged, site.Setting is null ? "names a site already" : $"site is {site.Setting} already");
        else _steps.Do("node.json", () => WriteConfig(config, site.Setting, hadComments, owner));
        adoption?.Copy(host, _steps, StatePath, owner);
    }

    private (StepState State, string Detail) WriteConfig(string text, string site, bool hadComments, FileOwner? owner)
    {
        if (Adoption.MakeState(host, StatePath, owner) is { } closed) return (StepState.Failed, closed);
        using IDisposable? user = host.Inside(StatePath);
        string file = Path.Combine(StatePath, "node.json");
        if (hadComments) File.Move(file, file + ".bak", overwrite: true);
        AtomicFile.Write(file, Encoding.UTF8.GetBytes(text), ServiceFiles.Readable);
        // With the rights of its user a file is born his.
        return user is null && Hand(file, owner) is { } refused ? (StepState.Failed, refused)
            : (StepState.Done, $"site is {site}{(hadComments ? $"; the file with its comments is {file}.bak" : "")}");
    }

    private string? Hand(string path, FileOwner? owner) => owner is { } user && host.Give(path, user) is { } refused ? $"{path}: {refused}" : null;

    private void EnableInImage()
    {
        foreach (string unit in (string[])[ServiceFiles.Unit, ServiceFiles.UpdateUnit])
        {
            string? file = null;
            foreach (string folder in (string[])["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"])
            {
                if (file is null && File.Exists(host.At($"{folder}/{unit}"))) file = $"{folder}/{unit}";
            }

            if (file is { } found) _steps.Do($"enable {unit}", () => Link(host.At($"/etc/systemd/system/multi-user.target.wants/{unit}"), found));
        }

        _steps.Tell("start", StepState.Skipped, "an image is only prepared");
    }

    private static (StepState State, string Detail) Link(string link, string target)
    {
        if (new FileInfo(link).LinkTarget == target) return (StepState.Unchanged, link);
        ServiceWriter.MakeDirectory(Path.GetDirectoryName(link)!);
        File.Delete(link);
        File.CreateSymbolicLink(link, target);
        return (StepState.Done, link);
    }

    private void Activate(bool start)
    {
        const string Later = "devices keep their groups until the next boot";
        _steps.Run("udev rules", "udevadm", ["control", "--reload"], Later);
        _steps.Run("udev devices", "udevadm", ["trigger", "--action=add", .. Subsystems.Select(s => $"--subsystem-match={s}")], Later);
        bool wrote = _steps.Changed;
        _steps.Run("systemd reads the unit", "systemctl", ["daemon-reload"]);
        _steps.Run("enable", "systemctl", ["enable", ServiceFiles.Unit]);
        if (ServiceFiles.All[^2].Content() is not null) _steps.Run("enable the update watcher", "systemctl", ["enable", ServiceFiles.UpdateUnit]);
        if (_steps.Failed) return;
        if (ServiceState.Read(host) is { IsActive: true } running)
            _steps.Tell("start", StepState.Unchanged, $"it runs as process {running.Text("MainPID")}{(wrote ? "; it takes over what changed when it is restarted: `systemctl restart clawmesh-edge`" : "")}");
        else if (start)
            _steps.Run("start", "systemctl", ["start", ServiceFiles.Unit], limit: StartLimit);
        else
            _steps.Tell("start", StepState.Skipped, "--no-start");
    }

    private string Next(InstallRequest request) => (_steps.Failed, host.IsImage) switch
    {
        (true, _) => "Not finished. Mend what failed and run the same command again; `journalctl -u clawmesh-edge` has what the node said.",
        (_, true) => "The node starts with the first boot of the image.",
        _ => request.Start ? "`clawmesh-edge status` shows the node; members of the group clawmesh-edge need no sudo." : "`systemctl start clawmesh-edge` starts the node.",
    };
}
