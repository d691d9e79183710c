using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Node;

public class ActuatorHistoryTests
{
    [Fact]
    [Trait("spec", "W-141")]
    public async Task What_was_driven_is_in_records_and_history_and_what_was_refused_is_the_last_refusal()
    {
        await using var desk = new PermitDesk();
        var history = new ActuatorHistory();
        await desk.AskAsync(desk.Command(id: "opened"));
        await desk.AskAsync(desk.Command(target: "actuator:valve:nowhere", id: "lost"));
        desk.FinishedAnswers.ForEach(history.Finished);

        JsonElement state = JsonMembers.Element(w => history.Write(w, desk.Desk.Outputs(), 1, only: null));

        JsonElement record = Assert.Single(state.Items("records"));
        Assert.Equal((PermitDesk.Valve.Value, "active", "opened", "open"), (record.Text("targetRef"), record.Text("status"), record.Text("lastCommandId"), record.Text("lastOperation")));
        Assert.Equal("opened", Assert.Single(state.Items("history")).Text("commandId"));
        Assert.Equal(("TARGET_UNKNOWN", "actuator:valve:nowhere"), (state.Member("lastRefusal").Text("code"), state.Member("lastRefusal").Text("targetRef")));
        Assert.Equal(1, state.Number("refusedCount"));

        // The filter is for the records; the history stays whole.
        JsonElement filtered = JsonMembers.Element(w => history.Write(w, desk.Desk.Outputs(), 1, only: "actuator:pump:P9"));
        Assert.Empty(filtered.Items("records"));
        Assert.Single(filtered.Items("history"));
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void The_history_keeps_a_hundred()
    {
        var history = new ActuatorHistory();
        for (int i = 0; i < 150; i++) history.Finished(new ActuationAnswer($"c{i}", "actuator:valve:V1", "open", ActuationOutcome.Done, "OK", ""));

        JsonElement state = JsonMembers.Element(w => history.Write(w, [], 0, only: null));

        Assert.Equal(100, state.Items("history").Count());
        Assert.Equal("c149", state.Items("history").Last().Text("commandId"));
    }
}
