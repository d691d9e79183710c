using System.Text.Json;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Tests.Agent.Node;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class RunningNodeTests
{
    [Fact]
    public async Task A_running_node_is_asked_and_found_whole()
    {
        using var diag = new DiagBench();
        diag.UseThisMachine();
        var options = new NodeOptions { State = diag.State, Site = "simulated", Name = "diag-test", Host = "127.0.0.1", Port = 0, Discovery = false };
        await using EdgeNode node = await EdgeNode.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        node.WithFirstSamples();

        JsonElement[] checks = [.. DiagBench.Checks(await diag.JsonAsync())];

        Assert.DoesNotContain(checks, c => c.Status() == "fail");
        Check("network.node").Has("pass", $"pid {Environment.ProcessId} answers");
        Check("network.port").Has("pass", node.ListeningOn);
        Check("storage.journal-state").Has("pass", "can write");
        Check($"io.{DiagBench.Valve}").Has("pass", "inactive (safe)");
        Assert.Equal("node", Check("io.sensor:tank-level:tank-1").GetProperty("values").GetProperty("readBy").GetString());

        JsonElement Check(string id) => Assert.Single(checks, c => c.GetProperty("id").GetString() == id);
    }
}
