using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Interfaces, the mesh port, whether the node of this state directory answers, and the configured peers.</summary>
internal sealed class NetworkGroup : IDiagGroup
{
    private const int DefaultPort = 18789;

    public string Name => "network";

    public async Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken) =>
        [
            new(Name, "interfaces", () => Interfaces(context.Host.Faces())),
            new(Name, "multicast", () => Multicast(context.Host.Faces(), context.Config)),
            new(Name, "node", async _ => Node(await context.NodeAsync())),
            new(Name, "port", async ct => await PortAsync(context, await context.NodeAsync(), ct)),
            .. await PeerChecks.OfAsync(Name, context, cancellationToken),
        ];

    internal static CheckOutcome Interfaces(IReadOnlyList<NetworkFace> faces)
    {
        NetworkFace[] outside = [.. faces.Where(f => !f.Loopback && f.Addresses.Count > 0)];
        CheckOutcome outcome = outside.Length == 0
            ? CheckOutcome.Warn(FailureClass.MeshPartition, "no interface has an address but the loopback", "Plug in a cable or join a network; `ip address` shows what the kernel sees. The node works alone meanwhile.")
            : CheckOutcome.Pass(string.Join(", ", outside.Select(f => $"{f.Name} {f.Addresses[0]}")));
        return outcome.Because(outside.Select(f => $"{f.Name}: {string.Join(", ", f.Addresses)}{(f.Multicast ? ", multicast" : "")}")).With("interfaces", outside.Length);
    }

    internal static CheckOutcome Multicast(IReadOnlyList<NetworkFace> faces, NodeConfig? config)
    {
        if (config is not null && !config.Flag(ConfigKeys.Discovery)) return CheckOutcome.Skip("discovery is off in node.json");
        NetworkFace[] outside = [.. faces.Where(f => !f.Loopback && f.Addresses.Count > 0)];
        if (outside.Length == 0) return CheckOutcome.Skip("no interface has an address but the loopback");
        string[] capable = [.. outside.Where(f => f.Multicast).Select(f => f.Name)];
        return capable.Length == 0
            ? CheckOutcome.Warn(FailureClass.MeshPartition, "no interface takes multicast; peers cannot be discovered", $"`ip link set dev {outside[0].Name} multicast on`, or name the peers under `staticPeers` in node.json.")
            : CheckOutcome.Pass($"possible on {string.Join(", ", capable)}").With("capable", capable.Length);
    }

    internal static CheckOutcome Node(NodeAnswer node) => node.Presence switch
    {
        NodePresence.Answers => CheckOutcome.Pass(string.Create(CultureInfo.InvariantCulture, $"pid {node.ProcessId} answers, up {DiagText.Span(TimeSpan.FromMilliseconds(node.Edge.Number("uptimeMs") ?? 0))}, {node.Edge.Member("readiness").Text("level")}"))
            .With("pid", node.ProcessId).With("readiness", node.Edge.Member("readiness").Text("level")),
        NodePresence.Silent => CheckOutcome.Fail(FailureClass.Infra, "a node runs here and does not answer", $"Look at its log; if it hangs, stop {(node.ProcessId > 0 ? $"process {node.ProcessId}" : "it")} and run `clawmesh-edge safe-state`.").Because(node.Why),
        _ => CheckOutcome.Skip(node.Reason),
    };

    private static async Task<CheckOutcome> PortAsync(DiagContext context, NodeAnswer node, CancellationToken cancellationToken)
    {
        IPEndPoint? listening = IPEndPoint.TryParse(node.Edge.Text("listen"), out IPEndPoint? told) ? told : null;
        int port = listening?.Port ?? (int)(context.Config?.Number(ConfigKeys.Port) ?? DefaultPort);
        if (port == 0) return CheckOutcome.Skip("node.json lets the kernel choose the port");

        string? holder = PortHolder.Find(port, context.Host.Root)?.ToString();
        CheckOutcome outcome = listening is not null ? await AnswersAsync(listening, cancellationToken)
            : holder is null ? CheckOutcome.Pass($"{port} is free")
            : node.Presence is NodePresence.None ? CheckOutcome.Warn(FailureClass.Config, $"{port} is held by {holder}", $"Stop that, or give this node another port: `clawmesh-edge config set port {port + 1}`.").Because("`run` would end with exit code 2")
            : CheckOutcome.Pass($"{port} is held by {holder}; {node.Reason}");
        return outcome.With("port", port).With("holder", holder ?? "");
    }

    private static async Task<CheckOutcome> AnswersAsync(IPEndPoint listening, CancellationToken cancellationToken)
    {
        IPAddress address = listening.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : listening.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : listening.Address;
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, listening.Port), cancellationToken);
            return CheckOutcome.Pass($"the node answers on {listening}");
        }
        catch (SocketException refused)
        {
            return CheckOutcome.Fail(FailureClass.Infra, $"the node says it listens on {listening}, and nobody answers there", "Look at the node's log and at the firewall (`nft list ruleset`), then restart the node.").Because(refused.Message);
        }
    }
}
