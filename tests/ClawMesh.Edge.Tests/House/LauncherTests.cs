using ClawMesh.Edge.Agent.Service;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.House;

/// <summary>Which program <c>/usr/bin/clawmesh-edge</c> becomes.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly ScratchDirectory _root = new();

    public LauncherTests() => Program("usr/lib/clawmesh-edge/clawmesh-edge", "packaged");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Without_a_release_the_packaged_program_runs_with_every_argument_as_it_was() =>
        Assert.Equal("packaged [run] [--name] [a b]", Run("run", "--name", "a b"));

    [Fact]
    public void The_current_release_runs()
    {
        Release("2.0");

        Assert.Equal(Release20, Run("status"));
    }

    [Fact]
    public void A_release_that_is_gone_empty_or_no_program_leaves_the_packaged_one()
    {
        string program = Release("2.0");

        File.SetUnixFileMode(program, ServiceFiles.Readable);
        Assert.Equal("packaged", Run());
        File.WriteAllText(program, "");
        File.SetUnixFileMode(program, ServiceFiles.Executable);
        Assert.Equal("packaged", Run());
        // What a bad card made of it used to be run as a shell script.
        File.WriteAllText(program, "exit 2\n");
        Assert.Equal("packaged", Run());
        Directory.Delete(_root.At("opt/clawmesh-edge/releases"), recursive: true);
        Assert.Equal("packaged", Run());
    }

    [Fact]
    public void What_the_start_guard_wrote_where_the_disk_could_not_be_written_comes_first()
    {
        Release("1.0");
        Release("2.0");

        _root.Put("run/clawmesh-edge-guard/instead", "1.0\n");
        Assert.Equal(Release10, Run("status"));
        _root.Put("run/clawmesh-edge-guard/instead", "packaged\n");
        Assert.Equal("packaged", Run());
        foreach (string nothing in (string[])["", "../2.0\n", ".\n"])
        {
            _root.Put("run/clawmesh-edge-guard/instead", nothing);
            Assert.Equal(Release20, Run("status"));
        }
    }

    [Fact]
    public void Run_by_a_service_manager_another_root_does_not_count()
    {
        ProgramResult result = Programs.Run("env", [$"CLAWMESH_ROOT={_root.Path}", "INVOCATION_ID=1", "sh", Launcher, "version"], TimeSpan.FromSeconds(10), TimeProvider.System)!;

        Assert.DoesNotContain("packaged [version]", result.Output, StringComparison.Ordinal);
    }

    private const string Release10 = "status";
    private const string Release20 = "status\n";

    private static string Launcher => Path.Combine(Repository.Root, "systemd/launcher");

    private string Release(string name)
    {
        // Releases are programs, no scripts: two of the machine's own that say a word in ways that differ.
        string program = _root.Put($"opt/clawmesh-edge/releases/{name}/clawmesh-edge", "");
        File.WriteAllBytes(program, File.ReadAllBytes(name == "1.0" ? "/usr/bin/printf" : "/usr/bin/echo"));
        File.SetUnixFileMode(program, ServiceFiles.Executable);
        File.Delete(_root.At("opt/clawmesh-edge/current"));
        File.CreateSymbolicLink(_root.At("opt/clawmesh-edge/current"), $"releases/{name}");
        return program;
    }

    private string Program(string path, string says)
    {
        string program = _root.Put(path, $"#!/bin/sh\nprintf '{says}'\nfor a; do printf ' [%s]' \"$a\"; done\n");
        File.SetUnixFileMode(program, ServiceFiles.Executable);
        return program;
    }

    private string Run(params string[] arguments)
    {
        ProgramResult result = Programs.Run("env", ["-u", "INVOCATION_ID", $"CLAWMESH_ROOT={_root.Path}", "sh", Launcher, .. arguments], TimeSpan.FromSeconds(10), TimeProvider.System)!;
        Assert.True(result.Ok, result.Output);
        return result.Output;
    }
}
