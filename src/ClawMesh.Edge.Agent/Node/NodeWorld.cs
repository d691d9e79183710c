using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.World.Anomalies;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What the node believes of its site: its time, the twin, and what is amiss.</summary>
internal sealed class NodeWorld
{
    public NodeWorld(EdgeNode node, FrameFactory factory)
    {
        Clock = node.Site.Simulated ? WorldClock.OfSimulatedFarm(node.Time, node.Options.SimRate) : WorldClock.OfRealSite(node.Time, node.Options.UtcOffset);
        Twin = new TwinWriter(node.DeviceId, node.Time, Clock, full => node.Warn("twin", full));
        Anomalies = new AnomalyWatch(AnomalySite.Of(node.Site), node.Time, Clock, node.Events, new AnomalyFrames(factory, node.Frames, node.Events).Tell);
    }

    /// <summary>The time of the site.</summary>
    public WorldClock Clock { get; }

    /// <summary>The picture of the site, folded from the frames of this node and of the mesh.</summary>
    public TwinWriter Twin { get; }

    /// <summary>Looks for leaks, clogs, drifting sensors and dry pumps.</summary>
    public AnomalyWatch Anomalies { get; }

    /// <summary>The latest forecast of each zone; nothing until a model runs.</summary>
    public Func<IReadOnlyList<ZoneForecast>> Forecasts { get; set; } = () => [];
}
