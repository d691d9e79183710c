using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Outputs;

/// <summary>Permits for driver tests, on a journal that has everything on disk.</summary>
internal sealed class TestPermits(ManualTime time)
{
    private readonly InMemoryJournal _journal = new(time);
    private int _count;

    public Permit For(string actuator, OutputValue value)
    {
        _count++;
        var grant = new PermitGrant(
            new PermitId($"pm-{_count}"), new ActuatorId(actuator), "set", OutputRange.Exactly(value), TimeSpan.FromMinutes(1),
            $"command-{_count}", new string('0', 64), _journal.BootNonce, _count);
        return new Permit(grant, _journal, time);
    }
}
