using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary><c>wire</c>: loads nodes of any make over the wire, as peers of their own, and prints one table for all of them.</summary>
internal sealed class WireCommand
{
    private const string Usage =
        """
        wire --identities [--trust STATE_DIR] [--seed-dir DIR]
        wire (--target NAME=ws://HOST:PORT[,pid=N][,limits=TEXT] | --classic NAME=… | --spawn [NAME=]BINARY)… --mesh-name NAME
             [--via A,B] [--listen PORT] [--seconds N] [--rate N] [--single] [--edge]
             [--seed-dir DIR] [--only handshake,rpc,frames,ingest]

        --identities    print the device ids and public keys of the tool; with --trust, add them to a node's trust store
        --seed-dir DIR  derive the identities from a secret seed in DIR, made on first use; without it everybody knows the keys
        --classic       a target with the inbound budget of a classic node; counts are reduced and new connections opened
        --spawn         start the binary itself, with limits that do not cap the figure, measure it and stop it
        --via A,B       also frames in at A and out at B, which are connected to each other; two spawned ones are started anew and linked
        --listen PORT   also ingest on a connection the target dialled: its static peer must be load-c at this port (spawned ones are told)
        --seconds N     of each ingest measurement; default 10
        --rate N        frames per second to push; default: as fast as the target takes them
        --single        push each frame with a system call of its own; the default is 64 KiB of frames to a call, which costs a target less
        --edge          show the features of an Edge node in the handshake; the default is to look like a classic peer
        """;

    private static readonly string[] Flags = ["--identities", "--edge", "--single"];
    private static readonly string[] Options = ["--trust", "--seed-dir", "--target", "--classic", "--spawn", "--mesh-name", "--via", "--listen", "--seconds", "--rate", "--only"];

    private readonly List<(string Name, string Value)> _options = [];
    private readonly WireFigures _figures = new();
    private LoadIdentity[] _identities = [];
    private WireMesh _mesh = new("", Edge: false);
    private LoadPlan _plan = new(10, 0, Gathered: true);

    public static async Task<int> RunAsync(string[] args)
    {
        var command = new WireCommand();
        if (!command.Read(args) || args.Length == 0)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        try
        {
            return await command.RunAsync();
        }
        catch (EdgeException fault)
        {
            Console.Error.WriteLine($"wire: {fault.What} {fault.Why} {fault.Fix}");
            return 1;
        }
    }

    private bool Read(string[] args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            bool flag = Flags.Contains(args[i]);
            if (!flag && (!Options.Contains(args[i]) || i + 1 == args.Length))
            {
                Console.Error.WriteLine($"wire: '{args[i]}' is not understood.");
                return false;
            }

            _options.Add((args[i], flag ? "" : args[++i]));
        }

        return true;
    }

    private bool Has(string name) => _options.Exists(o => o.Name == name);

    private string? One(string name) => _options.Find(o => o.Name == name).Value;

    private int Number(string name, int byDefault) => One(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : byDefault;

    private bool Wants(string phase) => One("--only") is not { } only || only.Split(',').Contains(phase);

    private async Task<int> RunAsync()
    {
        _identities = LoadIdentity.All(One("--seed-dir"));
        if (Has("--identities")) return Identities();
        var targets = new List<WireTarget>();
        foreach ((string option, string text) in _options)
        {
            WireTarget? target = option switch
            {
                "--target" => WireTarget.Parse(text, classic: false),
                "--classic" => WireTarget.Parse(text, classic: true),
                "--spawn" => WireTarget.ToSpawn(text),
                _ => null,
            };
            if (target is not null) targets.Add(target);
            else if (option is "--target" or "--classic" or "--spawn") return Wrong($"'{text}' is no {(option == "--spawn" ? "binary that is there" : "target")}");
        }

        if (targets.Count == 0) return Wrong("no target; give --target, --classic or --spawn");
        if (targets.Select(t => t.Name).Distinct().Count() < targets.Count) return Wrong("two targets have one name; give each its own, as in --spawn old=BINARY");
        if (One("--mesh-name") is not { } meshName)
        {
            if (targets.Exists(t => t.Binary is null)) return Wrong("--mesh-name is missing");
            meshName = "wire-load";
        }

        _mesh = new WireMesh(MeshIdentity.OfName(meshName), Has("--edge"));
        _plan = new LoadPlan(Number("--seconds", 10), Number("--rate", 0), !Has("--single"));
        string[]? via = One("--via")?.Split(',');
        if (via is not null && (via.Length != 2 || via.Any(v => !targets.Exists(t => t.Name == v)))) return Wrong("--via takes the names of two targets");

        Console.WriteLine($"{Machine.Describe()} The tool runs beside the target and behaves like {(_mesh.Edge ? "an Edge" : "a classic")} peer.");
        Console.WriteLine();
        await using var listener = new WireListener(Number("--listen", 0), _identities[2], _mesh);
        bool complete = true;
        foreach (WireTarget target in targets) complete &= await MeasureAsync(target, meshName, listener);
        if (via is not null) complete &= await Guard("via", string.Join(',', via), () => ViaAsync(targets.Find(t => t.Name == via[0])!, targets.Find(t => t.Name == via[1])!, meshName));
        _figures.Print(Console.Out);
        return complete ? 0 : 1;
    }

    private int Identities()
    {
        foreach (LoadIdentity identity in _identities) Console.WriteLine($"{identity.Name}  {identity.DeviceId.Value}  {identity.PublicKey}");
        if (One("--seed-dir") is null) Console.Error.WriteLine("wire: everybody knows the private keys of these three. Trust them on a test node only, or use --seed-dir.");
        if (One("--trust") is not { } state) return 0;
        LoadIdentity.Trust(_identities, state);
        Console.Error.WriteLine($"wire: '{Path.Combine(state, TrustedPeersFile.RelativePath)}' has them.");
        return 0;
    }

    private static int Wrong(string why)
    {
        Console.Error.WriteLine($"wire: {why}.");
        return 2;
    }

    private async Task<bool> MeasureAsync(WireTarget target, string meshName, WireListener listener)
    {
        if (target.Binary is null)
        {
            WireLoad load = Load(target, target.Url!, target.Pid);
            bool complete = await PhasesAsync(target, load);
            return !Has("--listen") || !Wants("ingest") || (complete & await Guard("ingest, target dialled", target.Name, () => DialledAsync(load, listener, target.Name, "")));
        }

        // Two lives, so that no figure is taken while the node dials in vain or passes frames on to load-c.
        return await Guard("start", target.Name, async () =>
        {
            using (SpawnedNode node = await SpawnAsync(target, meshName, peer: null)) await PhasesAsync(target, Load(target, node.Url, node.Pid));
            if (!Wants("ingest")) return;
            using SpawnedNode dialling = await SpawnAsync(target, meshName, $"{_identities[2].DeviceId.Value}=ws://127.0.0.1:{listener.Port}");
            await DialledAsync(Load(target, dialling.Url, dialling.Pid), listener, target.Name, dialling.DeviceId);
        });
    }

    private async Task<bool> PhasesAsync(WireTarget target, WireLoad load)
    {
        bool complete = true;
        if (Wants("handshake")) complete &= await Guard("handshakes", target.Name, load.HandshakesAsync);
        if (Wants("rpc")) complete &= await Guard("mesh.health", target.Name, () => load.CallsAsync("mesh.health"));
        if (Wants("rpc")) complete &= await Guard("mesh.ping", target.Name, () => load.CallsAsync("mesh.ping"));
        if (Wants("frames")) complete &= await Guard("frames", target.Name, () => load.FramesAsync("frame, one hop: sent → through the target → received", load.Url, target.Classic ? 160 : 500));
        if (Wants("ingest")) complete &= await Guard("ingest, target accepted", target.Name, load.IngestDialledAsync);
        return complete;
    }

    private async Task DialledAsync(WireLoad load, WireListener listener, string name, string deviceId)
    {
        if (deviceId.Length == 0) deviceId = await load.DeviceIdAsync();
        // The longest pause of a dialler is 36 s, and a node that stood down waits 60 s.
        WireSession? session = await listener.WaitForAsync(deviceId, TimeSpan.FromSeconds(75));
        if (session is null) _figures.Add("ingest, target dialled: accepted", name, $"not measured: it did not dial {_identities[2].DeviceId.Abbreviated}… at port {listener.Port} within 75 s");
        else await load.IngestAcceptedAsync(session);
    }

    private async Task ViaAsync(WireTarget a, WireTarget b, string meshName)
    {
        const string What = "frame, two hops: sent → A → B → received";
        int count = a.Classic || b.Classic ? 160 : 500;
        if (a.Binary is null || b.Binary is null)
        {
            if (a.Url is null || b.Url is null) throw new IOException("a spawned target and a running one are not linked by the tool");
            await Load(a with { Name = $"{a.Name} → {b.Name}", Classic = a.Classic || b.Classic }, a.Url, a.Pid).FramesAsync(What, b.Url, count);
            return;
        }

        using SpawnedNode first = await SpawnAsync(a, meshName, peer: null);
        using SpawnedNode second = await SpawnAsync(b, meshName, $"{first.DeviceId}={first.Url.ToString().TrimEnd('/')}");
        first.Trust(second.DeviceId);
        second.Trust(first.DeviceId);
        await LinkedAsync(first, second);
        await Load(a with { Name = $"{a.Name} → {b.Name}" }, first.Url, first.Pid).FramesAsync(What, second.Url, count);
    }

    private static async Task LinkedAsync(SpawnedNode a, SpawnedNode b)
    {
        using var line = new BenchLine(Path.Combine(a.StateDir, "edge.sock"));
        for (int tries = 0; tries < 400; tries++)
        {
            foreach (JsonElement peer in line.Call("mesh.peers", "{}").GetProperty("peers").EnumerateArray())
            {
                if (peer.GetProperty("deviceId").GetString() == b.DeviceId) return;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException("the two nodes did not connect within 40 s");
    }

    private Task<SpawnedNode> SpawnAsync(WireTarget target, string meshName, string? peer) =>
        SpawnedNode.StartAsync(target.Binary!, meshName, [.. _identities.Select(i => (i.DeviceId, (string?)i.PublicKey))], peer);

    private WireLoad Load(WireTarget target, Uri url, int pid) => new(target.Name, url, pid, target.Classic, target.Limits, _identities, _mesh, _plan, _figures);

    // One measurement that fails must not cost the others.
    private async Task<bool> Guard(string phase, string target, Func<Task> measure)
    {
        Console.Error.WriteLine($"wire: {target}: {phase}");
        try
        {
            await measure();
            return true;
        }
        catch (Exception failed) when (failed is IOException or SocketException or WebSocketException or TimeoutException or WireRefusedException
            or InvalidOperationException or OperationCanceledException or JsonException or KeyNotFoundException)
        {
            _figures.Add(phase, target, $"not measured: {failed.Message}");
            return false;
        }
    }
}
