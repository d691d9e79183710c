using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What the node sees without a frame: how its outputs stand, which peers are there, how ready it is; and then whether anything is amiss.</summary>
internal sealed class OwnSight(EdgeNode node)
{
    private readonly Dictionary<string, bool> _peers = new(StringComparer.Ordinal);

    public void Look()
    {
        Outputs();
        Peers();
        Health(node.DeviceId.Value, node.Readiness.Current.Level.Word());
        node.World.Anomalies.Look(node.World.Twin.Current, node.World.Forecasts());
    }

    // Frames tell of changes at once; this keeps what they told from ageing. No bus is asked: the lanes of outputs have other work.
    private void Outputs()
    {
        foreach (ActuatorBinding output in node.Site.Actuators)
        {
            (string name, OutputValue safe) = (output.Policy.Actuator.Value, output.Policy.Safe);
            if (!node.Desk.MayBeEnergised(output.Policy.Actuator)) node.World.Twin.Note(EntityKind.Actuator, name, TwinWriter.State, safe.Ratio, safe.ToString(), node.Site.Simulated);
            else if (node.World.Twin.Current.Find(name, TwinWriter.State) is { Value: { } told, Text: { } text } && told != safe.Ratio)
                node.World.Twin.Note(EntityKind.Actuator, name, TwinWriter.State, told, text, node.Site.Simulated);
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
