using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>What a reload changes in a running desk: each value alone, from the next command on.</summary>
public sealed class RetuneTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task An_older_command_is_taken_once_the_limit_allows_it_and_refused_once_it_no_longer_does()
    {
        await using var desk = new PermitDesk();
        long Old() => desk.Time.GetUtcNow().ToUnixTimeMilliseconds() - 70_000;
        Assert.Equal(GateCodes.CommandStale, (await desk.AskAsync(desk.Command(createdAtMs: Old()))).Code);

        desk.Desk.Retune(2 * Minute, [], VetoMode.Advise);
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command(createdAtMs: Old()))).Code);

        desk.Desk.Retune(Minute, [], VetoMode.Advise);
        Assert.Equal(GateCodes.CommandStale, (await desk.AskAsync(desk.Command(createdAtMs: Old()))).Code);
    }

    [Fact]
    public async Task An_output_that_needs_signatures_from_now_on_opens_for_no_unsigned_command()
    {
        await using var desk = new PermitDesk();
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command(), Desks.MightyPeer)).Code);

        desk.Desk.Retune(Minute, [PermitDesk.Valve.Value], VetoMode.Enforce);
        int writes = desk.Actuator.Energising().Count();

        Assert.Equal(ActuationOutcome.Refused, (await desk.AskAsync(desk.Command(), Desks.MightyPeer)).Outcome);
        Assert.Equal(writes, desk.Actuator.Energising().Count());
        desk.Desk.Retune(Minute, [], VetoMode.Enforce);
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command(), Desks.MightyPeer)).Code);
    }

    [Fact]
    public async Task A_forecast_that_advised_refuses_from_now_on()
    {
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => Restriction.Cancel("forecast f-1: wet.")), vetoMode: VetoMode.Advise);
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command(seconds: 5), Desks.MightyPeer)).Code);

        desk.Desk.Retune(Minute, [], VetoMode.Enforce);

        Assert.Equal(GateCodes.LocalPolicyRefused, (await desk.AskAsync(desk.Command(seconds: 5), Desks.MightyPeer)).Code);
    }

    [Fact]
    public async Task Only_outputs_that_move_are_read_back_where_that_is_asked()
    {
        ActuatorId second = new("actuator:valve:V2");
        ScriptedActuator? other = null;
        await using var desk = new PermitDesk(more: time => [(other = new ScriptedActuator(second, OutputValue.Inactive, time), PermitDesk.OpenPolicy(second))]);
        await desk.AskAsync(desk.Command(seconds: 60));

        Assert.Equal([true, true], desk.Desk.Outputs().Select(o => o.State is not null));
        Assert.Equal([true, false], desk.Desk.Outputs(movingOnly: true).Select(o => o.State is not null));
        Assert.NotNull(other);
    }
}
