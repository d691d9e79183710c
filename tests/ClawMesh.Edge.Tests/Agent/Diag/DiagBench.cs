using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Diag;

/// <summary>Runs <c>diag</c> in this process against a state directory and a machine of its own.</summary>
internal sealed class DiagBench : IDisposable
{
    public const string Valve = "actuator:valve:zone-1";

    private readonly ScratchDirectory _scratch = new();

    public DiagBench()
    {
        Directory.CreateDirectory(_scratch.At("root"));
        Host = new DiagHost { Root = _scratch.At("root"), Scratch = Directory.CreateDirectory(_scratch.At("tmp")).FullName, Faces = () => Faces };
    }

    public DiagHost Host { get; private set; }

    public IReadOnlyList<NetworkFace> Faces { get; set; } = [new("eth0", Loopback: false, Multicast: true, ["192.0.2.7"])];

    public StateDirectory State => new(_scratch.At("state"), "--state-dir");

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public string Scratch => _scratch.At("tmp");

    /// <summary>Who runs <c>diag</c>, as far as the service is concerned.</summary>
    public uint UserId
    {
        set => Host = Host with { UserId = value };
    }

    /// <summary>What the programs of the machine answer.</summary>
    public Func<string, IReadOnlyList<string>, TimeSpan, ProgramResult?> RunProgram
    {
        set => Host = Host with { RunProgram = value };
    }

    /// <summary>From now on the real file system of this machine is looked at.</summary>
    public void UseThisMachine() => Host = Host with { Root = "/" };

    /// <summary>A file of the machine, below its root.</summary>
    public void Machine(string path, string text) => _scratch.Put(Path.Combine("root", path), text);

    /// <summary>A file in the state directory, which then exists, closed to others.</summary>
    public string StateFile(string path, string text)
    {
        MakeState();
        return _scratch.Put(Path.Combine("state", path), text);
    }

    public void MakeState() => Directory.CreateDirectory(State.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>The simulated site, as a node writes it down when it starts.</summary>
    public Site Simulated(Func<string, string>? change = null)
    {
        Site site = Sites.Catalog.Read("simulated").Site!;
        Site active = site with { Text = change?.Invoke(site.Text) ?? site.Text };
        StateFile("active-site.json", System.Text.Encoding.UTF8.GetString(ActiveSite.Write(active, Sites.Boards)));
        return site;
    }

    /// <summary>The simulated medium with one output away from its safe value.</summary>
    public string Energise(string output)
    {
        Site site = Simulated();
        string path = SimulatedOutputs.PathIn(State.Path);
        using SimulatedOutputs outputs = SimulatedOutputs.Open(path, [.. site.Actuators.Select(a => new SimulatedOutputStart(a.Policy.Actuator, a.Policy.Safe))]);
        outputs.Write(new ActuatorId(output), OutputValue.Active);
        return path;
    }

    public async Task<int> RunAsync(params IReadOnlyList<string> args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var global = new GlobalOptions(output, error, TimeProvider.System);
        var root = new RootCommand("test");
        global.AddTo(root);
        root.Subcommands.Add(DiagVerb.Build(global, Host));
        int exit = await root.Parse(["diag", .. args, "--state-dir", State.Path]).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        (Output, Error) = (output.ToString(), error.ToString());
        return exit;
    }

    public async Task<JsonElement> JsonAsync(params IReadOnlyList<string> args)
    {
        await RunAsync([.. args, "--json"]);
        return JsonDocument.Parse(Output).RootElement;
    }

    /// <summary>One check of a run.</summary>
    public async Task<JsonElement> CheckAsync(string id)
    {
        JsonElement envelope = await JsonAsync(id.Split('.')[0]);
        return Assert.Single(Checks(envelope), c => c.GetProperty("id").GetString() == id);
    }

    public static IEnumerable<JsonElement> Checks(JsonElement envelope) => envelope.GetProperty("data").GetProperty("checks").EnumerateArray();

    /// <summary>Every file below the state directory with its content, to see that nothing was touched.</summary>
    public Dictionary<string, string> Snapshot() => Directory.Exists(State.Path)
        ? Directory.EnumerateFiles(State.Path, "*", SearchOption.AllDirectories).ToDictionary(f => f, f => Convert.ToBase64String(File.ReadAllBytes(f)))
        : [];

    public void Dispose() => _scratch.Dispose();
}

internal static class CheckAssertions
{
    public static string Status(this JsonElement check) => check.GetProperty("status").GetString()!;

    public static string Summary(this JsonElement check) => check.GetProperty("summary").GetString()!;

    public static string Fix(this JsonElement check) => check.GetProperty("fix").GetString()!;

    public static string Why(this JsonElement check) => string.Join("\n", check.GetProperty("details").EnumerateArray().Select(d => d.GetString()));

    public static double Value(this JsonElement check, string name) => check.GetProperty("values").GetProperty(name).GetDouble();

    public static void Has(this JsonElement check, string status, string summaryPart)
    {
        Assert.True(status == check.Status(), check.GetRawText());
        Assert.Contains(summaryPart, check.Summary(), StringComparison.Ordinal);
    }
}
