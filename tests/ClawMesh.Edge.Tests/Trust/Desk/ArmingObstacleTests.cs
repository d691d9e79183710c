using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>A driver may know why its output must not be energised. It never keeps one from going safe.</summary>
public sealed class ArmingObstacleTests
{
    private static readonly Refusal Muxed = new(GateCodes.InterlockActive, "pin 29 cannot be an output: register 0x02430068, bit 10", "Put `nvidia,pins` into an overlay.");

    [Fact]
    public async Task What_a_driver_objects_to_is_refused_with_its_reason_and_its_fix()
    {
        await using var desk = new PermitDesk();
        desk.Actuator.ArmingObstacle = Muxed;

        ActuationAnswer answer = await desk.AskAsync(desk.Command("open"));

        Assert.Equal((ActuationOutcome.Refused, GateCodes.InterlockActive), (answer.Outcome, answer.Code));
        Assert.Contains("register 0x02430068, bit 10", answer.Message, StringComparison.Ordinal);
        Assert.Contains("nvidia,pins", answer.Message, StringComparison.Ordinal);
        Assert.Empty(desk.Actuator.Energising());
    }

    [Fact]
    public async Task Going_safe_does_not_ask_the_driver_whether_it_may()
    {
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command("open"));
        desk.Actuator.ArmingObstacle = Muxed;

        ActuationAnswer answer = await desk.AskAsync(desk.Command("close"));

        Assert.Equal(ActuationOutcome.Done, answer.Outcome);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.Writes[^1]);
    }

    [Fact]
    public async Task An_objection_that_is_gone_stands_in_nobody_s_way()
    {
        await using var desk = new PermitDesk();
        desk.Actuator.ArmingObstacle = Muxed;
        await desk.AskAsync(desk.Command("open"));
        desk.Actuator.ArmingObstacle = null;

        Assert.Equal(ActuationOutcome.Done, (await desk.AskAsync(desk.Command("open"))).Outcome);
    }

    [Fact]
    public void An_actuator_that_says_nothing_objects_to_nothing() =>
        Assert.Null(((ClawMesh.Edge.Trust.IActuator)new Tests.Hardware.Outputs.ScriptedOutput("actuator:valve:a", OutputValue.Inactive)).ArmingObstacle);
}
