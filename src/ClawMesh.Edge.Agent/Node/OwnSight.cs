using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Trust.Desk;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What the node sees without a frame: how its outputs stand, which peers are there, how ready it is; and then whether anything is amiss.</summary>
internal sealed class OwnSight(EdgeNode node)
{
    // Frames tell of changes at once; a look asks the buses of the outputs, which have other work.
    private const int LooksPerOutputLook = 5;

    private readonly Dictionary<string, bool> _peers = new(StringComparer.Ordinal);
    private int _looks;

    public void Look()
    {
        if (_looks++ % LooksPerOutputLook == 0) Outputs();
        Peers();
        Health(node.DeviceId.Value, node.Readiness.Current.Level.Word());
        node.World.Anomalies.Look(node.World.Twin.Current, node.World.Forecasts());
    }

    private void Outputs()
    {
        foreach (OutputView output in node.Desk.Outputs())
        {
            if (output.State is { } state) node.World.Twin.Note(EntityKind.Actuator, output.Policy.Actuator.Value, TwinWriter.State, state.Ratio, state.ToString(), node.Site.Simulated);
        }
    }

    // Bounded by the sessions there were at the last look; a peer that is gone is said once and then left to age.
    private void Peers()
    {
        foreach (string device in _peers.Keys) _peers[device] = false;
        foreach (Session session in node.Mesh.Sessions)
        {
            _peers[session.DeviceId.Value] = true;
            Health(session.DeviceId.Value, session.State == SessionState.Up ? "up" : "suspect");
        }

        foreach ((string device, bool here) in _peers)
        {
            if (here) continue;
            Health(device, "gone");
            _peers.Remove(device);
        }
    }

    private void Health(string device, string word) => node.World.Twin.Note(EntityKind.Node, device, "health", null, word);
}
