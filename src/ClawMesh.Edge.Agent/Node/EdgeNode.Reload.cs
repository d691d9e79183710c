using System.Threading.Channels;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What of a new configuration a running node takes over.</summary>
internal sealed partial class EdgeNode : IReloadTarget
{
    /// <summary>Reads the configuration again whenever somebody asks, until the node stops.</summary>
    /// <param name="asked">One place: who asks while it is being read is answered by the next reading.</param>
    public void ServeReloads(NodeConfig running, Func<NodeConfig> read, ChannelReader<string> asked) => Watch(ReloadAsync(new NodeReload(running, read, this, Events), asked));

    /// <inheritdoc/>
    public string? SiteDifference(string site) => ActiveSiteFile.Difference(_activeSite, site, Sites.Load(site), Sites.Boards);

    /// <inheritdoc/>
    public Task JournalAsync(string detail, CancellationToken cancellationToken) => Desk.JournalOperatorActAsync("config-reload", NodeReload.By, detail, cancellationToken);

    /// <inheritdoc/>
    public void Apply(NodeConfig config)
    {
        NodeOptions wanted = NodeOptions.From(config, Options.State, Options.Site);
        Options = Options with
        {
            CommandFreshness = wanted.CommandFreshness, SignedTargets = wanted.SignedTargets, ReportInterval = wanted.ReportInterval, AcceptUnsigned = wanted.AcceptUnsigned,
            SyncInterval = wanted.SyncInterval, InboundPerSecond = wanted.InboundPerSecond, InboundBurst = wanted.InboundBurst,
            LoopbackReadOnly = wanted.LoopbackReadOnly, AllowedOrigins = wanted.AllowedOrigins, Veto = wanted.Veto,
        };
        Desk.Retune(Options.CommandFreshness, Options.SignedTargets, Options.Veto);
        Frames.ReportInterval = Options.ReportInterval;
        Mesh.Retune(MeshOptions.Default with
        {
            LoopbackReadOnly = Options.LoopbackReadOnly, InboundPerSecond = Options.InboundPerSecond, InboundBurst = Options.InboundBurst,
            AcceptUnsigned = Options.AcceptUnsigned, SyncInterval = Options.SyncInterval,
        });
        _door!.AllowOrigins(Options.AllowedOrigins);
    }

    private async Task ReloadAsync(NodeReload reload, ChannelReader<string> asked)
    {
        try
        {
            while (await asked.WaitToReadAsync(_stop.Token))
            {
                while (asked.TryRead(out _))
                {
                    _watchdogs!.Reloading(TimeSpan.FromSeconds(Time.GetTimestamp() / (double)Time.TimestampFrequency));
                    try
                    {
                        await reload.ReloadAsync(_stop.Token);
                    }
                    finally
                    {
                        // Whatever came of it: without this word systemd waits, and then ends the service.
                        _watchdogs.Ready(StatusLine);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private string StatusLine => $"site {Site.Name}, {Site.Actuators.Count} outputs, {Sensors.Count} sensors, port {ListeningOn}";

    private void TellBug(string method, Exception bug) => Events.Publish(new EdgeEvent(
        0, default, EventTypes.Error, EventSeverity.Error, method, $"{method} failed inside this node: {bug.GetType().Name}, {bug.Message}", Core.Errors.FailureClass.Infra, OperatorOnly: true));

    /// <summary>Notes a fault that an operator was told, and returns the trace that leads from the answer to the note.</summary>
    private string? TellFault(string method, Core.Rpc.RpcCaller caller, Core.Errors.EdgeException fault)
    {
        string trace = fault.Trace ?? NewId().ToString("N")[..12];
        Events.Publish(new EdgeEvent(
            0, default, EventTypes.Error, EventSeverity.Warning, method, $"{caller.Name} was told {fault.Code}: {fault.What} {fault.Why}", fault.FailureClass, Trace: trace, OperatorOnly: true));
        return trace;
    }
}
