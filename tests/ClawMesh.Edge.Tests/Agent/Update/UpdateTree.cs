using System.Diagnostics;
using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Tests.House;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Update;

/// <summary>What a script left behind.</summary>
internal sealed record GuardRun(int ExitCode, string Output, string Error);

/// <summary>
/// An installed node below a directory of the test's own: a packaged version, the real start guard, a systemctl that only notes what it was
/// told, and the machine's uptime as a file, so that the test owns the time.
/// </summary>
internal sealed class UpdateTree : IDisposable
{
    public const string Boot = "11111111-2222-3333-4444-555555555555";

    private const string Systemctl =
        """
        #!/bin/sh
        echo "$*" >> "$CLAWMESH_ROOT/systemctl.log"
        case "$1" in
          show) case "$*" in
              *ExecMainCode*) echo 1; exit 0 ;;
              *ExecMainStatus*) cat "$CLAWMESH_ROOT/exit-status" 2>/dev/null || echo 2; exit 0 ;;
            esac
            cat "$CLAWMESH_ROOT/active-state" 2>/dev/null || echo active ;;
          is-failed) [ -e "$CLAWMESH_ROOT/failed" ] ;;
          *) exit 0 ;;
        esac

        """;

    private static readonly TimeSpan ScriptLimit = TimeSpan.FromSeconds(30);

    private readonly ScratchDirectory _scratch = new();
    private long _uptime;

    public UpdateTree()
    {
        Paths = new UpdatePaths(_scratch.Path);
        Put(Paths.Packaged, ElfBinary("0.1.0"), executable: true);
        Put(Paths.Guard, File.ReadAllBytes(Path.Combine(Repository.Root, "systemd/start-guard")), executable: true);
        Directory.CreateDirectory(Paths.Releases);
        Directory.CreateDirectory(At("run/clawmesh-edge"));
        Put(Paths.BootId, Boot + "\n");
        Tool("systemctl", Systemctl);
        Uptime = 1000;
    }

    public UpdatePaths Paths { get; }

    public string Root => _scratch.Path;

    public long Uptime
    {
        get => _uptime;
        set
        {
            _uptime = value;
            Put(Paths.Uptime, $"{value}.25 {value}.00\n");
        }
    }

    /// <summary>What systemctl was told, in order, without the questions.</summary>
    public IReadOnlyList<string> Told => File.Exists(At("systemctl.log"))
        ? [.. File.ReadAllLines(At("systemctl.log")).Where(l => !l.StartsWith("show", StringComparison.Ordinal) && !l.StartsWith("is-failed", StringComparison.Ordinal))]
        : [];

    /// <summary>The release that the launcher would execute.</summary>
    public string Launched
    {
        get
        {
            string instead = At("run/clawmesh-edge-guard/instead");
            return File.Exists(instead) ? File.ReadAllText(instead).Trim() : Paths.Running();
        }
    }

    public UpdateResult? Last => UpdateResult.Read(Paths.LastResult);

    public Trial? Trial => Edge.Agent.Update.Trial.Read(Paths.Trial);

    /// <summary>A file that begins as an ELF program of x86-64 does, and tells a version to <see cref="FakeHost"/>.</summary>
    public static byte[] ElfBinary(string version, ushort machine = 62) =>
        [0x7f, .. "ELF"u8, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, (byte)machine, (byte)(machine >> 8), .. System.Text.Encoding.ASCII.GetBytes($"version={version};")];

    public string At(string relative) => _scratch.At(relative);

    /// <summary>A release beside the others, and the link to it unless it is only to be there.</summary>
    public void Install(string name, bool current = true)
    {
        Put(Paths.BinaryOf(name), ElfBinary(name), executable: true);
        if (current) Link(Paths.Current, name);
    }

    public static void Link(string link, string name)
    {
        File.Delete(link);
        File.CreateSymbolicLink(link, $"releases/{name}");
    }

    /// <summary>0.2.0 on trial over 0.1.5, as <c>update apply</c> leaves it.</summary>
    public void BeginTrial(string release = "0.2.0", string previous = "0.1.5", int starts = 0, string before = "")
    {
        if (previous != UpdatePaths.PackagedName) Install(previous, current: false);
        Install(release);
        File.WriteAllBytes(Paths.Trial, new Trial(release, previous, starts, 1_700_000_000, Boot, Uptime + 80, 30, 50, before).Write());
    }

    public void Say(string line) => Put(Paths.Health, line + "\n");

    /// <summary>A program that comes before the machine's own of that name.</summary>
    public void Tool(string name, string script) => Put(At($"bin/{name}"), System.Text.Encoding.UTF8.GetBytes(script), executable: true);

    public void Put(string path, string text) => Put(path, System.Text.Encoding.UTF8.GetBytes(text), executable: false);

    public static void Put(string path, byte[] content, bool executable)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        if (executable) File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    /// <summary>Runs the real start guard on this tree.</summary>
    public async Task<GuardRun> GuardAsync(params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add(Paths.Guard);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment.Remove("INVOCATION_ID");
        start.Environment["CLAWMESH_ROOT"] = Root;
        start.Environment["PATH"] = $"{At("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(ScriptLimit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new GuardRun(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"start-guard {string.Join(' ', arguments)} did not end within {ScriptLimit.TotalSeconds} s.");
        }
    }

    /// <summary>A start of the node: what the unit runs before it, which must never fail.</summary>
    public async Task StartAsync() => Assert.Equal(0, (await GuardAsync("pre-start")).ExitCode);

    /// <summary>Looks as the watcher does, every <paramref name="step"/> seconds of the machine's time, and lets the node say something each time.</summary>
    public async Task WatchAsync(int seconds, string? says, int step = 5)
    {
        for (int passed = 0; passed < seconds && File.Exists(Paths.Trial); passed += step)
        {
            Uptime += step;
            if (says is not null) Say(says.Replace("NOW", $"{Uptime}", StringComparison.Ordinal));
            Assert.Equal(0, (await GuardAsync("watch", "--once")).ExitCode);
        }
    }

    /// <summary>Every name below /opt/clawmesh-edge, binaries and their manifests left out.</summary>
    public IEnumerable<string> Names() => Directory.GetFileSystemEntries(Paths.Home)
        .Concat(Directory.GetFileSystemEntries(Paths.Releases))
        .Select(p => Path.GetRelativePath(Paths.Home, p))
        .Order(StringComparer.Ordinal);

    public void Dispose() => _scratch.Dispose();
}
