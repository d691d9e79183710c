using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>The steps of <c>update apply</c>, in their order. After each of them a power cut leaves the old version running, or a trial that guards itself.</summary>
internal enum UpdateStep
{
    /// <summary>Bundle, machine, versions, outputs and space are as they must be; nothing was changed.</summary>
    Checked,
    Cleaned,
    Unpacked,

    /// <summary>The new binary ran and said its version.</summary>
    Proven,

    /// <summary>The release has its name; nothing refers to it.</summary>
    Placed,

    /// <summary>The guard would take the release back from here on.</summary>
    OnTrial,
    Switched,
    Watched,
    Restarting,
}

/// <param name="HealthySec">Seconds of health that commit the release.</param>
/// <param name="DeadlineSec">Seconds it has for that.</param>
internal sealed record ApplyOptions(bool AllowOlder, long HealthySec, long DeadlineSec);

/// <param name="Journaled">The node wrote down who installs what.</param>
internal sealed record Applied(string Release, string Previous, string Signer, bool Journaled);

/// <summary>Installs a bundle beside what runs, and puts it on trial. Everything after that is the start guard's, which is no part of a bundle.</summary>
/// <param name="reached">Hears of each step when it is done.</param>
internal sealed class UpdateApply(UpdatePaths paths, IUpdateHost host, ISignatureVerifier verifier, Action<UpdateStep> reached)
{
    // Until the new version starts, the old one has to stop: its outputs safe, its peers told.
    private const long StopSeconds = 30;

    // As many as the node writes.
    private const int MaxWords = 12;

    private const UnixFileMode ReadableByAll = (UnixFileMode)0b110_100_100;
    private const UnixFileMode Folder = (UnixFileMode)0b111_101_101;

    private static readonly TimeSpan ManagerLimit = TimeSpan.FromSeconds(10);

    private readonly UpdateChecks _checks = new(paths, host);

    // What this apply did with the release's name; only that is undone.
    private bool _placed;
    private bool _aside;

    /// <exception cref="EdgeException">A refusal, or a fault; the old version runs and is the current one.</exception>
    public async Task<Applied> RunAsync(string bundlePath, ApplyOptions options, CancellationToken cancellationToken)
    {
        await _checks.RequireInstalledAsync(cancellationToken);
        DurableTree.CreateDirectory(paths.Home, Folder);
        DurableTree.CreateDirectory(paths.Releases, Folder);
        using FileStream held = Hold();
        using Bundle bundle = Bundle.Open(bundlePath, OperatorKeys.Load(paths.Keys), verifier);
        BundleManifest manifest = bundle.Manifest;
        _checks.RequireMachine(manifest);
        _checks.RequireNoTrial();
        await _checks.RequireNewerAsync(manifest, options.AllowOlder, cancellationToken);
        await _checks.RequireAtRestAsync(cancellationToken);
        reached(UpdateStep.Checked);

        // Refused before anything is removed: the older releases are worth more than the space of an update that does not fit.
        string previous = paths.Running();
        List<string> leftOver = LeftOver(previous);
        _checks.RequireSpace(manifest, paths.Releases, BytesOf(leftOver));
        Clean(leftOver);
        reached(UpdateStep.Cleaned);
        try
        {
            Applied applied = await InstallAsync(bundle, previous, options, cancellationToken);
            // What cannot be removed now the next apply removes.
            if (_aside) TryRemove(AsideOf(manifest.Version));
            return applied;
        }
        catch (EdgeException)
        {
            Undo(manifest.Version, previous);
            throw;
        }
        catch (OperationCanceledException interrupted)
        {
            Undo(manifest.Version, previous);
            throw new EdgeException(
                "update.interrupted", $"Did not install version {manifest.Version}.", "The command was interrupted before the new version was on trial. Nothing of it is left, and the old one runs on.",
                "Run the command again.", FailureClass.Infra, interrupted);
        }
    }

    private async Task<Applied> InstallAsync(Bundle bundle, string previous, ApplyOptions options, CancellationToken cancellationToken)
    {
        string release = bundle.Manifest.Version;
        string part = PartOf(release);
        bundle.Unpack(part);
        reached(UpdateStep.Unpacked);
        await _checks.RequireRunsAsync(bundle.Manifest, $"{part}/{UpdatePaths.BinaryName}", cancellationToken);
        reached(UpdateStep.Proven);
        Place(release);
        reached(UpdateStep.Placed);

        // Unpacking took its time; somebody may have opened a valve meanwhile.
        await _checks.RequireAtRestAsync(cancellationToken);
        bool journaled = await host.TellNodeAsync(release, previous, bundle.Signer, cancellationToken);

        // From here on it goes through to the end: half of a switch is not left to a key that was pressed.
        cancellationToken.ThrowIfCancellationRequested();

        // The trial before the link: a link to a release that nobody watches must not exist at any moment.
        AtomicFile.Write(paths.Trial, NewTrial(release, previous, options).Write(), ReadableByAll);
        DurableTree.SetMode(paths.Trial, ReadableByAll);
        reached(UpdateStep.OnTrial);
        DurableTree.Point(paths.Current, $"releases/{release}");
        reached(UpdateStep.Switched);

        // The watcher before the restart: whatever becomes of this process, somebody looks at the clock.
        ProgramResult watched = await host.RunAsync("systemctl", ["start", "--no-block", UpdatePaths.WatchUnit], ManagerLimit, CancellationToken.None);
        if (!watched.Ok)
        {
            throw new EdgeException(
                "update.not_installed", $"Did not start version {release}.", $"systemd did not start {UpdatePaths.WatchUnit}, which would take a bad update back (exit code {watched.ExitCode}).",
                $"`systemctl status {UpdatePaths.WatchUnit}` says why.", FailureClass.Infra);
        }

        reached(UpdateStep.Watched);

        // Not waited for: a version that hangs in its start would hold this up, and the guard judges it anyway.
        _ = await host.RunAsync("systemctl", ["restart", "--no-block", UpdatePaths.Unit], ManagerLimit, CancellationToken.None);
        reached(UpdateStep.Restarting);
        return new Applied(release, previous, bundle.Signer, journaled);
    }

    private Trial NewTrial(string release, string previous, ApplyOptions options) => new(
        release, previous, Starts: 0, host.Time.GetUtcNow().ToUnixTimeSeconds(), KeyLines.FirstLine(paths.BootId), Uptime() + options.DeadlineSec + StopSeconds,
        options.HealthySec, options.DeadlineSec, Before());

    /// <summary>
    /// What ailed the old version, in the words of its health file. That it ticks, listens and answers is not forgiven: a new version
    /// that cannot do that is of no use to anybody.
    /// </summary>
    private string Before()
    {
        string[] words = KeyLines.FirstLine(paths.Health).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var before = new List<string>();
        for (int i = 3; i < words.Length && i < 3 + MaxWords && words[2] == "unhealthy"; i++)
        {
            if (!HealthWords.IsVital(words[i]) && HealthWords.IsPlain(words[i])) before.Add(words[i]);
        }

        return string.Join(' ', before);
    }

    private long Uptime() =>
        double.TryParse(KeyLines.FirstLine(paths.Uptime).Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            ? (long)seconds
            : throw new EdgeException("update.no_uptime", "Could not tell how long the machine runs.", $"'{paths.Uptime}' holds no number.", "Mount /proc.", FailureClass.Infra);

    /// <summary>One apply at a time. The kernel lets go of the lock when this process ends, and the guard can see whether it is held.</summary>
    private FileStream Hold()
    {
        try
        {
            // Whoever may open it could lock it, and so keep updates away for ever.
            if (File.Exists(paths.Lock)) File.SetUnixFileMode(paths.Lock, UnixMode.OwnerOnly);
            return new FileStream(paths.Lock, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = UnixMode.OwnerOnly });
        }
        catch (IOException taken)
        {
            throw new EdgeException("update.busy", "Did not start an update.", $"Another one is under way: {taken.Message}", "Wait for its end.", FailureClass.PolicyDenied, taken);
        }
    }

    /// <summary>What killed attempts left, and every release but the one that runs and the one before it: with the new one they are three.</summary>
    private List<string> LeftOver(string running)
    {
        var leftOver = new List<string>();
        string previous = paths.Linked(paths.Previous);
        foreach (string entry in Directory.GetFileSystemEntries(paths.Home))
        {
            if (entry.EndsWith(".new", StringComparison.Ordinal) || entry.EndsWith(".tmp", StringComparison.Ordinal)) leftOver.Add(entry);
        }

        foreach (string entry in Directory.GetFileSystemEntries(paths.Releases))
        {
            string name = Path.GetFileName(entry);
            if (name != running && (name != previous || !File.Exists(paths.BinaryOf(name)))) leftOver.Add(entry);
        }

        return leftOver;
    }

    private void Clean(List<string> leftOver)
    {
        DurableTree.Remove(paths.Trial);

        // A link to a release without its binary would come alive, watched by nobody, the moment a release of that name is put there.
        if (new FileInfo(paths.Current).LinkTarget is not null && paths.Linked(paths.Current) != paths.Running())
        {
            DurableTree.Remove(paths.Current);
            DurableTree.Sync(paths.Home);
        }

        foreach (string entry in leftOver) DurableTree.Remove(entry);
    }

    private static long BytesOf(List<string> entries)
    {
        long bytes = 0;
        foreach (string entry in entries)
        {
            if (new FileInfo(entry) is { Exists: true, LinkTarget: null } file) bytes += file.Length;
            if (new DirectoryInfo(entry) is not { Exists: true, LinkTarget: null } folder) continue;
            foreach (FileInfo inside in folder.EnumerateFiles("*", SearchOption.AllDirectories)) bytes += inside.LinkTarget is null ? inside.Length : 0;
        }

        return bytes;
    }

    // While the packaged version runs, the release before it may have this very name.
    private void Place(string release)
    {
        string place = paths.ReleaseOf(release);
        if (Directory.Exists(place))
        {
            DurableTree.Rename(place, AsideOf(release));
            _aside = true;
        }

        DurableTree.Rename(PartOf(release), place);
        _placed = true;
    }

    // For a refusal or a fault after something was written; a death cleans up nothing, and the next apply does.
    private void Undo(string release, string previous)
    {
        if (_placed && paths.Linked(paths.Current) == release)
        {
            if (previous == UpdatePaths.PackagedName) DurableTree.Remove(paths.Current);
            else DurableTree.Point(paths.Current, $"releases/{previous}");
            DurableTree.Sync(paths.Home);
        }

        DurableTree.Remove(paths.Trial);
        DurableTree.Remove(PartOf(release));
        if (_placed) DurableTree.Remove(paths.ReleaseOf(release));
        if (_aside) DurableTree.Rename(AsideOf(release), paths.ReleaseOf(release));
    }

    private static void TryRemove(string path)
    {
        try
        {
            DurableTree.Remove(path);
        }
        catch (EdgeException)
        {
            // The update is under way; a folder that is left over is no reason to take it back.
        }
    }

    private string PartOf(string release) => $"{paths.ReleaseOf(release)}.part";

    // No version begins with a dot.
    private string AsideOf(string release) => $"{paths.Releases}/.{release}.aside";
}
