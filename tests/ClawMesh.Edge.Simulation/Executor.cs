using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;
using ClawMesh.Edge.Trust.Gate;

namespace ClawMesh.Edge.Simulation;

/// <summary>A node with a real desk and one valve, on the clock of its field.</summary>
internal sealed class Executor : IAsyncDisposable
{
    public Executor(int seed, OutputPolicy? policy = null, IWireGate? receiver = null, Func<Mesh.MeshOptions, Mesh.MeshOptions>? mesh = null, byte[]? operators = null, Func<Trust.Desk.DeskOptions, Trust.Desk.DeskOptions>? desk = null)
    {
        Desk = new PermitDesk(
            policy, options: o => (desk ?? (same => same))(o with { Verifier = new Hardware.Identity.Ed25519Verifier(), TrustOf = id => Node!.Trust.Entries.GetValueOrDefault(id.Value) }),
            self: Field.Key("executor").DeviceId);
        Field = new Field(seed, Desk.Time);
        Gate = new WireGate(Field.Key("executor").DeviceId, c => Desk.Desk.WireGate.LeadsToSafeState(ForwardMessage.For(c, "sender")));
        Node = Field.Node("executor", new SimulatedNodeOptions
        {
            Gate = receiver ?? Gate,
            Actuation = Desk.Desk,
            Capabilities = [Commands.Valve, "actuator:valve"],
            Mesh = mesh ?? (o => o),
            Operators = operators is null ? null : new OperatorAuthenticator(operators, Field.Key("executor").DeviceId, Desk.Time),
        });
    }

    public PermitDesk Desk { get; }

    public Field Field { get; }

    public SimulatedNode Node { get; }

    public WireGate Gate { get; }

    /// <summary>Times the valve was energised.</summary>
    public int Opened => Desk.Actuator.Writes.Count(v => v == OutputValue.Active);

    public static async Task EachSeed(Action<Executor> test, OutputPolicy? policy = null, IWireGate? receiver = null, int seeds = 5)
    {
        for (int seed = 1; seed <= seeds; seed++)
        {
            await using var executor = new Executor(seed, policy, receiver);
            try
            {
                test(executor);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Seed {seed}: {failure.Message}", failure);
            }
        }
    }

    public ValueTask DisposeAsync() => Desk.DisposeAsync();
}
