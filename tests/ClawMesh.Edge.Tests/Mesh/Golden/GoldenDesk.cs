using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>A real actuation desk behind a replayed node, with the recorded output; safety runs inline on the node's clock.</summary>
internal sealed class GoldenDesk : IActuationListener
{
    public static readonly ActuatorId Valve = new("actuator:mock:valve-1");

    public GoldenDesk(string identity)
    {
        Journal = new InMemoryJournal(Time);
        Events = new EventLog(Time);
        Actuator = new ScriptedActuator(Valve, OutputValue.Inactive, Time);
        Desk = new ActuationDesk(
            new ClawMesh.Edge.Core.Identity.NodeId(Transcript.DeviceId(identity)), [(Actuator, PermitDesk.OpenPolicy(Valve))], Journal, Journal, new TestReadings(Time), new TestReadiness(), new TestClock(),
            Events, this, Time, new DeskOptions { MeshId = () => Transcript.MeshId }, () => null, safetyThreads: null);
    }

    public ManualTime Time { get; } = new();

    public InMemoryJournal Journal { get; }

    public EventLog Events { get; }

    public ScriptedActuator Actuator { get; }

    public ActuationDesk Desk { get; }

    public List<ActuationAnswer> Answers { get; } = [];

    public GoldenSetup Setup => new() { Time = Time, Events = Events, Gate = Desk.WireGate, Actuation = Desk };

    public void Finished(ActuationAnswer answer) => Answers.Add(answer);

    public void StateChanged(OutputStateChange change)
    {
        // What an output did afterwards is not part of a recording.
    }
}
