using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Service;

/// <summary>
/// <c>service uninstall</c>: stops the node, which makes its outputs safe, and removes what <see cref="ServiceInstaller"/> wrote. What the
/// node remembers stays unless <c>--purge</c> says otherwise. What a package brought is left to it.
/// </summary>
internal sealed class ServiceRemover(ServiceHost host)
{
    // Longer than the unit's own limits for its stop and for safe-state.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(90);

    private readonly ServiceSteps _steps = new(host);

    /// <exception cref="EdgeException">Refused; nothing was done. <c>service.needs_root</c>, <c>service.no_systemd</c>.</exception>
    public ServiceReport Uninstall(bool purge)
    {
        ServiceInstaller.RequireRoot(host, "uninstall");
        ServiceInstaller.RequireSystemd(host);
        Stop();
        bool packaged = ServiceFiles.Packaged(host) is not null;
        if (packaged) _steps.Tell("program and unit", StepState.Skipped, "they belong to the package: `sudo apt remove clawmesh-edge`");
        else RemoveFiles();
        foreach (string folder in (string[])[StateDirectory.Service, ServiceFiles.Configuration, ServiceFiles.Releases])
        {
            if (!Directory.Exists(host.At(folder))) continue;
            if (purge) _steps.Do($"remove {folder}", () => folder == StateDirectory.Service ? RemoveState(host.At(folder)) : RemoveTree(host.At(folder)));
            else _steps.Tell($"keep {folder}", StepState.Unchanged, "--purge removes it");
        }

        _steps.Tell($"keep user {ServiceFiles.User}", StepState.Unchanged, "files elsewhere may be its own; `userdel clawmesh-edge` removes it");
        return new ServiceReport("service uninstall", host.Root, _steps.All, _steps.Failed ? "Not finished. Mend what failed and run the same command again." : "");
    }

    private void Stop()
    {
        ServiceState? before = ServiceState.Read(host);
        if (before is null || !before.IsInstalled)
        {
            _steps.Tell("stop", StepState.Unchanged, "systemd knows no such unit");
            return;
        }

        _steps.Run("stop and disable", "systemctl", ["disable", "--now", ServiceFiles.Unit], limit: StopLimit);
        if (_steps.Failed || !before.IsActive) return;
        // The program that could make them safe must not go before they are.
        if (ServiceState.Read(host) is { } after && after.Text("ActiveState") == "failed")
            _steps.Tell("outputs", StepState.Failed, $"the node did not stop well ({after.Text("Result")}), so an output may not be safe: run `clawmesh-edge safe-state`, then `systemctl reset-failed clawmesh-edge`");
        else
            _steps.Tell("outputs", StepState.Done, "safe: the node and safe-state after it said so");
    }

    private void RemoveFiles()
    {
        if (File.Exists(host.At(ServiceFiles.All[^2].Target))) _steps.Run("stop the update watcher", "systemctl", ["disable", "--now", ServiceFiles.UpdateUnit]);
        // The unit first: without it nothing starts what is half removed.
        for (int i = ServiceFiles.All.Count - 1; i >= 0; i--) Remove(ServiceFiles.All[i].Target);
        Remove(ServiceFiles.Binary);
        _steps.Do($"remove {ServiceFiles.Folder}", () => RemoveIfEmpty(host.At(ServiceFiles.Folder)));
        _steps.Run("systemd forgets the unit", "systemctl", ["daemon-reload"]);
        _steps.Run("udev forgets the rules", "udevadm", ["control", "--reload"], "they are forgotten at the next boot");
    }

    private void Remove(string target) => _steps.Do($"remove {target}", () =>
    {
        string path = host.At(target);
        if (!File.Exists(path)) return (StepState.Unchanged, "it is not there");
        if (target == ServiceFiles.Launcher && !IsScript(path)) return (StepState.Skipped, "it is a program and not the launcher; somebody else put it there");
        File.Delete(path);
        return (StepState.Done, "");
    });

    private static bool IsScript(string path)
    {
        using FileStream file = File.OpenRead(path);
        return file.ReadByte() == '#' && file.ReadByte() == '!';
    }

    private static (StepState State, string Detail) RemoveIfEmpty(string folder)
    {
        if (!Directory.Exists(folder)) return (StepState.Unchanged, "it is not there");
        if (Directory.EnumerateFileSystemEntries(folder).Any()) return (StepState.Skipped, "it holds files that are not ours");
        Directory.Delete(folder);
        return (StepState.Done, "");
    }

    /// <summary>
    /// The state directory belongs to the node's user, who may still have a process: nothing finds it by its name any more, then what is his
    /// goes with his own rights, and only what he cannot remove goes with root's, when the directory is closed to him.
    /// </summary>
    private (StepState State, string Detail) RemoveState(string folder)
    {
        if (new DirectoryInfo(folder).LinkTarget is not null)
        {
            File.Delete(folder);
            return (StepState.Done, "it was a link; where it led was left alone");
        }

        string aside = Path.Combine(Path.GetDirectoryName(folder)!, $".{Path.GetFileName(folder)}.purge");
        // What an uninstall left that was killed here.
        if (Directory.Exists(aside)) RemoveForeign(aside);
        DurableTree.Rename(folder, aside);
        RemoveForeign(aside);
        return (StepState.Done, "with everything in it");
    }

    private void RemoveForeign(string aside)
    {
        using (IDisposable? user = host.ActAsOwnerOf(aside))
        {
            foreach (string entry in user is null || !PathAccess.MayRead(aside) ? [] : Directory.GetFileSystemEntries(aside))
            {
                try
                {
                    DurableTree.Remove(entry);
                }
                catch (EdgeException)
                {
                    // Root's own, as a command with sudo may have left it; it goes below.
                    continue;
                }
            }
        }

        _ = host.Give(aside, new FileOwner(0, 0));
        UnixMode.Close(aside);
        Directory.Delete(aside, recursive: true);
    }

    private static (StepState State, string Detail) RemoveTree(string folder)
    {
        Directory.Delete(folder, recursive: true);
        return (StepState.Done, "with everything in it");
    }
}
