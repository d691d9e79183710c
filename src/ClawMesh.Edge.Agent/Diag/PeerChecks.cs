using System.Net.Sockets;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The static peers of <c>node.json</c>: what the start diagnostics say of them, and whether each one's port answers.</summary>
internal static class PeerChecks
{
    // Finding the peers reads files; a disk that hangs must not hold up the other checks.
    private static readonly TimeSpan FindLimit = TimeSpan.FromSeconds(1);

    public static async Task<IReadOnlyList<DiagCheck>> OfAsync(string group, DiagContext context, CancellationToken cancellationToken)
    {
        List<DiagCheck> checks = [new(group, "static-peers", () => Configured(context)) { DeadlineClass = FailureClass.Storage }];
        foreach (StaticPeer peer in await PeersAsync(context, cancellationToken))
        {
            checks.Add(new(group, $"peer.{peer.DeviceId.Abbreviated}", ct => ReachAsync(peer, ct))
            {
                DeadlineClass = FailureClass.MeshPartition,
                OnDeadline = () => Silent(peer, "no answer within 2 s"),
            });
        }

        return checks;
    }

    internal static CheckOutcome Judge(IReadOnlyList<MeshDiagnostic> findings)
    {
        MeshDiagnostic? worst = null;
        int errors = 0, warnings = 0;
        foreach (MeshDiagnostic finding in findings)
        {
            if (finding.Level == DiagnosticLevel.Error) errors++;
            if (finding.Level == DiagnosticLevel.Warning) warnings++;
            if (worst is null || finding.Level < worst.Level) worst = finding;
        }

        const string fix = "Correct `staticPeers` in node.json; `clawmesh-edge config set staticPeers` checks it. What each code means stands in docs/errors.md.";
        string summary = errors + warnings > 1 ? $"{DiagText.Count(errors + warnings, "finding")}, the first: {worst!.Code}" : worst?.Text ?? "no static peer is configured";
        CheckOutcome outcome = errors > 0 ? CheckOutcome.Fail(FailureClass.Config, summary, fix)
            : warnings > 0 ? CheckOutcome.Warn(FailureClass.Config, summary, fix)
            : CheckOutcome.Pass(summary);
        return outcome.Because(findings.Select(f => f.ToString())).With("errors", errors).With("warnings", warnings);
    }

    /// <summary>Opens the port and closes it again; nothing is said to the peer.</summary>
    internal static async Task<CheckOutcome> ReachAsync(StaticPeer peer, CancellationToken cancellationToken)
    {
        if (!peer.MayDial)
        {
            return Described(CheckOutcome.Warn(FailureClass.Config, $"{peer.UrlText} is {peer.Posture.Word()} via {peer.Label} and is not dialled", "Use wss with the fingerprint of the peer's certificate, or correct the label."), peer)
                .Because(WanRefusal.Text(peer));
        }

        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(peer.Url.DnsSafeHost, peer.Url.Port, cancellationToken);
        }
        catch (SocketException refused)
        {
            return Silent(peer, refused.Message);
        }

        string pin = peer.Posture == TransportPosture.TlsPinned ? "; the pin is compared when the node dials" : "";
        return Described(CheckOutcome.Pass($"{peer.UrlText} answers, {peer.Posture.Word()}{(peer.Label is null ? "" : $" via {peer.Label}")}{pin}"), peer).With("reachable", true);
    }

    private static CheckOutcome Silent(StaticPeer peer, string why) => Described(
        CheckOutcome.Warn(FailureClass.MeshPartition, $"{peer.UrlText} does not answer", "Is the peer switched on and its node running? Look at cable, address and firewall; the node keeps trying."), peer)
        .Because(why).With("reachable", false);

    private static CheckOutcome Described(CheckOutcome outcome, StaticPeer peer) =>
        outcome.With("deviceId", peer.DeviceId.Value).With("url", peer.UrlText).With("posture", peer.Posture.Word());

    private static CheckOutcome Configured(DiagContext context)
    {
        if (context.Config is not { } config) return CheckOutcome.Skip(context.Closed(context.State.NodeConfigFile));
        string[] wrong = [.. config.Problems.Where(p => p.Path == ConfigKeys.StaticPeers).Select(p => $"{p.What} {p.Fix}")];
        if (wrong.Length > 0)
            return CheckOutcome.Fail(FailureClass.Config, "`staticPeers` in node.json is wrong; the node does not start", "Correct the entries named; `clawmesh-edge config check` lists them again.").Because(wrong);

        IReadOnlyList<string> texts = config.List(ConfigKeys.StaticPeers);
        if (texts.Count == 0 && config.Flag(ConfigKeys.Discovery)) return CheckOutcome.Skip("no static peer is configured; peers are looked for by discovery");
        return Judge(StaticPeerDiagnostics.Collect(Self(context), texts, config.Flag(ConfigKeys.Discovery), Trusted(context) is { } trusted ? trusted.Contains : null, config.Flag(ConfigKeys.StrictTransport)));
    }

    // Why a file cannot be read is told by the check above; here it only means that there is nothing to reach.
    private static async Task<IReadOnlyList<StaticPeer>> PeersAsync(DiagContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await OwnThread.Run(() => context.Config is { } config ? StaticPeerList.Read(Self(context), config.List(ConfigKeys.StaticPeers)) : [])
                .WaitAsync(FindLimit, context.Time, cancellationToken);
        }
        catch (Exception unreadable) when (unreadable is EdgeException or TimeoutException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static NodeId Self(DiagContext context)
    {
        string path = Path.Combine(context.State.Path, DeviceIdentity.RelativePath);
        return PathAccess.MayRead(path) ? DeviceIdentity.Inspect(context.State.Path).DeviceId ?? default : default;
    }

    // Null: not readable, and the check of the trust store says so.
    private static HashSet<string>? Trusted(DiagContext context)
    {
        string path = Path.Combine(context.State.Path, "mesh", "trusted-peers.json");
        if (context.SkipIfClosed(path) is not null) return null;
        var store = new TrustedPeersFile(context.State.Path, context.Time);
        return store.Problem is null ? new HashSet<string>(store.Entries.Keys, StringComparer.Ordinal) : null;
    }
}
