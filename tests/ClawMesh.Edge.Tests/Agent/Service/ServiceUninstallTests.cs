using System.Text.Json;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Service;

public sealed class ServiceUninstallTests : IDisposable
{
    private readonly ServiceBench _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task What_install_wrote_goes_and_what_the_node_remembers_stays()
    {
        string before = _machine.Snapshot();
        await InstalledAsync();

        JsonElement report = await _machine.JsonAsync(0, "uninstall");

        Assert.Equal("systemctl disable --now clawmesh-edge.service", _machine.Ran[0]);
        Assert.Equal("done", ServiceBench.StepOf(report, "outputs"));
        Assert.False(File.Exists(_machine.At("etc/systemd/system/clawmesh-edge.service")));
        Assert.False(Directory.Exists(_machine.At("usr/lib/clawmesh-edge")));
        Assert.True(File.Exists(_machine.At(ServiceBench.State + "/node.json")));
        Assert.Equal("unchanged", ServiceBench.StepOf(report, "keep /var/lib/clawmesh-edge"));

        report = await _machine.JsonAsync(0, "uninstall", "--purge");
        Assert.Equal("done", ServiceBench.StepOf(report, "remove /var/lib/clawmesh-edge"));
        Assert.Equal(Regular(before), Regular(_machine.Snapshot()));
    }

    [Fact]
    public async Task A_purge_does_not_follow_links()
    {
        await InstalledAsync();
        string trap = _machine.PutElsewhere("trap/keep", "x");
        Directory.CreateSymbolicLink(_machine.At(ServiceBench.State + "/link"), Path.GetDirectoryName(trap)!);
        _machine.Put("var/lib/.clawmesh-edge.purge/left", "by one that was killed");

        JsonElement report = await _machine.JsonAsync(0, "uninstall", "--purge");

        Assert.Equal("done", ServiceBench.StepOf(report, "remove /var/lib/clawmesh-edge"));
        Assert.True(File.Exists(trap));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_machine.At("var/lib")));
    }

    [Fact]
    public async Task A_purge_removes_what_is_the_users_and_what_is_roots_in_between()
    {
        Assert.SkipUnless(HostKernel.EffectiveUserId == 0, "needs root");
        await InstalledAsync();
        File.SetUnixFileMode(_machine.Elsewhere("."), (UnixFileMode)0b111_001_001);
        string roots = _machine.Put(ServiceBench.State + "/roots/file", "x");
        string his = _machine.Put(ServiceBench.State + "/his/file", "x");
        foreach (string path in (string[])[his, Path.GetDirectoryName(his)!, _machine.At(ServiceBench.State)]) Assert.Null(PathAccess.Give(path, new FileOwner(65534, 65534)));
        File.SetUnixFileMode(Path.GetDirectoryName(roots)!, UnixMode.OwnerOnlyDirectory);

        await _machine.JsonAsync(0, "uninstall", "--purge");

        Assert.Empty(Directory.EnumerateFileSystemEntries(_machine.At("var/lib")));
    }

    [Fact]
    public async Task A_node_that_did_not_stop_safely_keeps_its_program()
    {
        await InstalledAsync();
        _machine.Show(ServiceBench.Running, "LoadState=loaded\nActiveState=failed\nResult=timeout\n");

        JsonElement report = await _machine.JsonAsync(1, "uninstall", "--purge");

        Assert.Equal("failed", ServiceBench.StepOf(report, "outputs"));
        Assert.Contains("safe-state", ServiceBench.DetailOf(report, "outputs"), StringComparison.Ordinal);
        Assert.True(File.Exists(_machine.At("usr/lib/clawmesh-edge/clawmesh-edge")));
        Assert.True(File.Exists(_machine.At(ServiceBench.State + "/node.json")));
    }

    [Fact]
    public async Task What_a_package_brought_is_stopped_and_left_to_it()
    {
        _machine.Put("usr/lib/systemd/system/clawmesh-edge.service", "the package's");
        string launcher = _machine.Put("usr/bin/clawmesh-edge", "#!/bin/sh\n");
        _machine.Show(ServiceBench.Running, "LoadState=loaded\nActiveState=inactive\n");

        JsonElement report = await _machine.JsonAsync(0, "uninstall");

        Assert.Equal(["systemctl disable --now clawmesh-edge.service"], _machine.Ran);
        Assert.Contains("apt remove", ServiceBench.DetailOf(report, "program and unit"), StringComparison.Ordinal);
        Assert.True(File.Exists(launcher));
    }

    [Fact]
    public async Task A_program_that_somebody_put_in_the_place_of_the_launcher_stays()
    {
        string own = _machine.Put("usr/bin/clawmesh-edge", "\u007fELF by hand");

        JsonElement report = await _machine.JsonAsync(0, "uninstall");

        Assert.True(File.Exists(own));
        Assert.Equal("skipped", ServiceBench.StepOf(report, "remove /usr/bin/clawmesh-edge"));
    }

    private async Task InstalledAsync()
    {
        await _machine.JsonAsync(0, "install", "--site", "simulated");
        _machine.Ran.Clear();
        _machine.Show(ServiceBench.Running, "LoadState=loaded\nActiveState=inactive\n");
    }

    // Directories above what was installed stay; others may use them.
    private static IEnumerable<string> Regular(string snapshot) => snapshot.Split('\n').Where(line => line.Contains(' ', StringComparison.Ordinal));
}
