using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Node;

public sealed class SentCommandsTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    private StateDirectory State => new(_scratch.Path, "--state-dir");

    [Fact]
    [Trait("spec", "X-45")]
    public void A_repeat_after_a_restart_has_the_time_of_the_first_asking_and_used_to_be_called_a_replay()
    {
        Assert.Equal(1_000, new SentCommands(State).CreatedAt("c1", 1_000));

        Assert.Equal(1_000, new SentCommands(State).CreatedAt("c1", 2_000));
        Assert.Equal(2_000, new SentCommands(State).CreatedAt("c2", 2_000));
    }

    [Fact]
    public void The_latest_256_are_kept_and_a_damaged_file_costs_only_those()
    {
        for (int i = 0; i < 300; i++) new SentCommands(State).CreatedAt($"c{i}", i);
        Assert.Equal(299, new SentCommands(State).CreatedAt("c299", 9_999));
        Assert.Equal(44, new SentCommands(State).CreatedAt("c44", 9_999));
        Assert.Equal(9_999, new SentCommands(State).CreatedAt("c0", 9_999));

        File.WriteAllText(Path.Combine(_scratch.Path, "sent-commands.json"), "{ not json");
        Assert.Equal(7, new SentCommands(State).CreatedAt("c299", 7));
    }

    public void Dispose() => _scratch.Dispose();
}
