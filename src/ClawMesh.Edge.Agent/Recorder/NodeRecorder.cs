using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>The flight recorder of a node: what it looks at, and how seldom it asks a bus.</summary>
internal sealed class NodeRecorder
{
    // Outputs at rest are read back this often; one that is energised or owes a safe write, every second.
    private const int LooksAtRest = 10;

    private readonly EdgeNode _node;
    private readonly Dictionary<string, int> _sensors = [];
    private int _second;

    private NodeRecorder(EdgeNode node, SensorId[] sensors)
    {
        _node = node;
        for (int i = 0; i < sensors.Length; i++) _sensors[sensors[i].Value] = i;
    }

    /// <summary>Null when it is switched off. Before the desk is made, because the desk's tick feeds it.</summary>
    public static FlightRecorder? Open(EdgeNode node, IReadOnlyList<IActuator> actuators)
    {
        if (node.Options.RecorderMegabytes == 0) return null;
        var sensors = new SensorId[Math.Min(node.Sensors.Count, RecorderLayout.MaxSensors)];
        var shown = new List<string>();
        for (int i = 0; i < sensors.Length; i++)
        {
            sensors[i] = node.Sensors[i].Info.Id;
            shown.Add(sensors[i].Value);
        }

        var outputs = new List<string>();
        var buses = new List<string>();
        for (int i = 0; i < actuators.Count && i < RecorderLayout.MaxOutputs; i++)
        {
            outputs.Add(node.Site.Actuators[i].Policy.Actuator.Value);
            buses.Add(actuators[i].Bus);
        }

        var layout = new RecorderLayout(node.Journal.BootNonce, node.Version, node.Site.Name, outputs, buses, shown);
        var ring = new BurstRing(outputs.Count, sensors, node.Latest, node.Options.SafetyTick, node.Time);
        var store = new SegmentRing(new RecorderFolder(RecorderFolder.PathIn(node.Options.State.Path)), node.Options.RecorderMegabytes * 1024 * 1024);
        var recorder = new FlightRecorder(layout, ring, store, sensors, node.Latest, new NodeRecorder(node, sensors).Look, node.Events, node.Time);
        node.Events.Published += recorder.Heard;
        return recorder;
    }

    private void Look(RecorderFacts facts)
    {
        facts.Readiness = (byte)_node.Readiness.Level;
        facts.ClockClass = (byte)_node.Clock.Class;
        facts.JournalReady = _node.Journal.Health.State == JournalState.Ready;
        facts.Peers = _node.Mesh?.Sessions.Count ?? 0;
        facts.MemoryKiB = (int)Math.Min(int.MaxValue, Environment.WorkingSet / 1024);
        foreach (Subsystem subsystem in _node.Subsystems.All)
        {
            if (subsystem.Group == "sensor" && _sensors.TryGetValue(subsystem.Name, out int place)) facts.SensorStates[place] = (byte)subsystem.State;
        }

        Array.Fill(facts.ReadBack, float.NaN);
        if (_node.Desk is not { } desk) return;
        facts.LateTicks = desk.Safety.LateTicks;
        bool all = _second++ % LooksAtRest == 0;
        if (!all && desk.IsAtRest()) return;
        IReadOnlyList<OutputView> views = desk.Outputs(movingOnly: !all);
        for (int i = 0; i < facts.ReadBack.Length && i < views.Count; i++)
        {
            if (views[i].State is { } state) facts.ReadBack[i] = (float)state.Ratio;
        }
    }
}
