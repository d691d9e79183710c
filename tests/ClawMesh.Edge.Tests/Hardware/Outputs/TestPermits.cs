using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Outputs;

/// <summary>Permits for driver tests, on a journal that has everything on disk.</summary>
internal sealed class TestPermits(ManualTime time)
{
    private readonly InMemoryJournal _journal = new(time);

    /// <summary>Called inside a driver that redeems a permit, under its output's lock.</summary>
    public Action? Redeeming
    {
        set => _journal.Redeeming = value;
    }

    public Permit For(string actuator, OutputValue value)
    {
        // The journal in memory appends before it returns.
        long sequence = _journal.AppendAsync(new JournalEntry(JournalRecordType.Decision, actuator, null, null, "OK", "{}"), null, CancellationToken.None).Result;
        var grant = new PermitGrant(
            new PermitId($"pm-{sequence}"), new ActuatorId(actuator), "set", OutputRange.Exactly(value), TimeSpan.FromMinutes(1),
            $"command-{sequence}", new string('0', 64), _journal.BootNonce, sequence);
        return new Permit(grant, _journal, time);
    }
}
