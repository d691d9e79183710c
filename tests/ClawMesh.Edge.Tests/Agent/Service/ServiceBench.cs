using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Agent.Service;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Service;

/// <summary>A machine with systemd below a directory of its own: its programs are played, its files are real.</summary>
internal sealed class ServiceBench : IDisposable
{
    public const string State = "var/lib/clawmesh-edge";

    // What systemd 252 shows of a unit that runs.
    public const string Running = """
        MainPID=812
        NRestarts=1
        Result=success
        ExecMainCode=0
        ExecMainStatus=0
        ExecStopPost={ path=/usr/lib/clawmesh-edge/start-guard ; argv[]=/usr/lib/clawmesh-edge/start-guard safe-state ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
        WatchdogUSec=10s
        WatchdogTimestamp=Sat 2026-11-21 17:03:39 UTC
        WatchdogTimestampMonotonic=88112201
        StatusText=site simulated, 5 outputs safe, 18 sensors, port 0.0.0.0:18789
        LoadState=loaded
        ActiveState=active
        SubState=running
        FragmentPath=/etc/systemd/system/clawmesh-edge.service
        UnitFileState=enabled
        NeedDaemonReload=no
        ActiveEnterTimestamp=Sat 2026-11-21 16:58:01 UTC
        InactiveEnterTimestamp=
        """;

    private readonly ScratchDirectory _scratch = new();

    public ServiceBench()
    {
        _scratch.Put("root/run/systemd/system/.keep", "");
        _scratch.Put("root/etc/passwd", "root:x:0:0:root:/:/bin/sh\nclawmesh-edge:x:994:993::/var/lib/clawmesh-edge:/usr/sbin/nologin\nann:x:1000:1000::/home/ann:/bin/sh\n");
        _scratch.Put("root/etc/group", "clawmesh-edge:x:993:\n");
        string binary = _scratch.Put("download/clawmesh-edge", "\u007fELF the program");
        Host = new ServiceHost
        {
            Root = _scratch.At("root"), UserId = 0, Executable = binary, IsPublished = true, Run = RunProgram,
            Give = (path, owner) =>
            {
                Given[path] = owner;
                return null;
            },
            HolderOf = port => Listening.GetValueOrDefault(port),
        };
    }

    public ServiceHost Host { get; set; }

    /// <summary>Every program that was run, as a command line.</summary>
    public List<string> Ran { get; } = [];

    /// <summary>By the beginning of a command line, how it ends; others succeed and say nothing.</summary>
    public Dictionary<string, ProgramResult?> Answers { get; } = [];

    /// <summary>What <c>systemctl show</c> says, one answer after the other; the last one again and again.</summary>
    public Queue<string> Shown { get; } = new(["LoadState=not-found\nActiveState=inactive\n"]);

    public Dictionary<string, FileOwner> Given { get; } = [];

    public Dictionary<int, PortHolder> Listening { get; } = [];

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public string At(string path) => _scratch.At(Path.Combine("root", path));

    public string Elsewhere(string path) => _scratch.At(path);

    public string Put(string path, string text) => _scratch.Put(Path.Combine("root", path), text);

    public string PutElsewhere(string path, string text) => _scratch.Put(path, text);

    public string Text(string path) => File.ReadAllText(At(path));

    public void Show(params ReadOnlySpan<string> answers)
    {
        Shown.Clear();
        foreach (string answer in answers) Shown.Enqueue(answer);
    }

    /// <summary>A classic node's state directory with an identity of its own; returns where it is.</summary>
    public string Classic(string name = "classic")
    {
        string directory = _scratch.At(name);
        Directory.CreateDirectory(directory);
        DeviceIdentity.LoadOrCreate(directory, TimeProvider.System).Dispose();
        _scratch.Put(Path.Combine(name, "mesh/trusted-peers.json"), "{ \"peers\": [],\n  \"written\": \"by a classic node\" }\n");
        _scratch.Put(Path.Combine(name, "mesh/mesh-id"), "0b0f3c1e-4c67-4a9b-9d0e-2c5d1f3a7b61\n");
        return directory;
    }

    public async Task<int> RunAsync(params IReadOnlyList<string> args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var global = new GlobalOptions(output, error, TimeProvider.System);
        var root = new RootCommand("test");
        global.AddTo(root);
        root.Subcommands.Add(ServiceVerb.Build(global, Host));
        int exit = await root.Parse(["service", .. args]).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        (Output, Error) = (output.ToString(), error.ToString());
        return exit;
    }

    /// <summary>The data of a report, whose exit code is checked.</summary>
    public async Task<JsonElement> JsonAsync(int exit, params IReadOnlyList<string> args)
    {
        int actual = await RunAsync([.. args, "--json"]);
        Assert.True(exit == actual, $"exit {actual}: {Output}{Error}");
        return JsonDocument.Parse(Output).RootElement.GetProperty("data");
    }

    /// <summary>A refusal: its code, and nothing on the machine is other than before.</summary>
    public async Task<JsonElement> RefusedAsync(int exit, string code, params IReadOnlyList<string> args)
    {
        string before = Snapshot();
        JsonElement data = await JsonAsync(exit, args);
        Assert.True(data.GetProperty("code").GetString() == code, Output);
        Assert.Equal(before, Snapshot());
        Assert.Empty(Ran);
        return data;
    }

    public static string StepOf(JsonElement report, string step) =>
        report.GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("step").GetString() == step).GetProperty("state").GetString()!;

    public static string DetailOf(JsonElement report, string step) =>
        report.GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("step").GetString() == step).GetProperty("detail").GetString()!;

    public string Snapshot() => string.Join("\n", Directory.EnumerateFileSystemEntries(Host.Root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(path => File.Exists(path) ? $"{path} {UnixMode.Of(path)} {Convert.ToHexString(File.ReadAllBytes(path))}" : path));

    public void Dispose() => _scratch.Dispose();

    private ProgramResult? RunProgram(string program, IReadOnlyList<string> arguments, TimeSpan limit)
    {
        Assert.True(limit > TimeSpan.Zero);
        string line = $"{program} {string.Join(' ', arguments)}";
        if (line.StartsWith("systemctl show ", StringComparison.Ordinal)) return new ProgramResult(0, Shown.Count > 1 ? Shown.Dequeue() : Shown.Peek());
        Ran.Add(line);
        foreach ((string beginning, ProgramResult? result) in Answers)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal)) return result;
        }

        return new ProgramResult(0, "");
    }
}
