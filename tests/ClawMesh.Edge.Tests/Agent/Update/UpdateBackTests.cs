using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Update;

public sealed class UpdateBackTests : IDisposable
{
    private readonly UpdateTree _tree = new();
    private readonly FakeHost _host;

    public UpdateBackTests() => _host = new FakeHost(_tree);

    [Fact]
    public async Task A_node_at_rest_goes_back_by_a_restart()
    {
        TwoReleases();
        _host.Node = new NodeSight(77, Answers: true, []);

        WentBack back = await BackAsync();

        Assert.Equal(new WentBack("0.2.0", "0.1.5", Stopped: false), back);
        Assert.Equal("0.1.5", _tree.Launched);
        Assert.DoesNotContain(_host.Ran, r => r.Contains(" stop ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_energised_output_of_a_node_that_answers_refuses()
    {
        TwoReleases();
        _host.Node = new NodeSight(77, Answers: true, ["actuator:pump:1"]);

        Assert.Equal("update.energised", (await Assert.ThrowsAsync<EdgeException>(BackAsync)).Code);
        Assert.Equal("0.2.0", _tree.Launched);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_stopped_first_and_started_afterwards()
    {
        TwoReleases();
        _host.NodeAt = look => new NodeSight(look == 1 ? 77 : null, Answers: false, []);

        Assert.True((await BackAsync()).Stopped);

        Assert.Equal(
            ["systemctl stop clawmesh-edge.service", $"env CLAWMESH_ROOT={_tree.Root} {_tree.Paths.Guard} rollback by hand", "systemctl start --no-block clawmesh-edge.service"], _host.Ran);
        Assert.Equal("0.1.5", _tree.Launched);
    }

    [Fact]
    public async Task A_node_that_cannot_be_stopped_keeps_its_version_and_is_named()
    {
        TwoReleases();
        _host.Node = new NodeSight(77, Answers: false, []);

        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(BackAsync);

        Assert.Equal("update.not_stopped", refused.Code);
        Assert.Contains("kill -9 77", refused.Fix, StringComparison.Ordinal);
        Assert.Equal("0.2.0", _tree.Launched);
    }

    [Fact]
    public async Task Behind_the_packaged_version_there_is_nothing() =>
        Assert.Equal("update.nothing_before", (await Assert.ThrowsAsync<EdgeException>(BackAsync)).Code);

    [Fact]
    public async Task A_guard_that_fails_is_told()
    {
        TwoReleases();
        _host.Answer = (program, _) => program == "env" ? new ProgramResult(1, "", TimedOut: false) : null;

        Assert.Equal("update.rollback_failed", (await Assert.ThrowsAsync<EdgeException>(BackAsync)).Code);
    }

    public void Dispose() => _tree.Dispose();

    private Task<WentBack> BackAsync() => new UpdateBack(_tree.Paths, _host).RunAsync(TestContext.Current.CancellationToken);

    private void TwoReleases()
    {
        _tree.Install("0.1.5", current: false);
        _tree.Install("0.2.0");
        UpdateTree.Link(_tree.Paths.Previous, "0.1.5");
    }
}
