using ClawMesh.Edge.Agent.Update;

namespace ClawMesh.Edge.Tests.Agent.Update;

/// <summary>What the start guard does for people, and after every death of the node.</summary>
public sealed class StartGuardByHandTests : IDisposable
{
    private readonly UpdateTree _tree = new();

    [Fact]
    public async Task Safe_state_asks_one_version_after_the_other_until_one_succeeds()
    {
        _tree.Install("0.1.5", current: false);
        _tree.Install("0.2.0");
        UpdateTree.Link(_tree.Paths.Previous, "0.1.5");
        Script("0.2.0", "exit 1");
        Script("0.1.5", "exit 139");
        Script("packaged", "exit 0");

        Assert.Equal(0, (await _tree.GuardAsync("safe-state", "--site", "simulated")).ExitCode);

        Assert.Equal(["0.2.0 safe-state --site simulated", "0.1.5 safe-state --site simulated", "packaged safe-state --site simulated"], File.ReadAllLines(_tree.At("tried")));
    }

    // The version on trial used to be asked first, and one that hangs kept the outputs as they were for eight seconds.
    [Fact]
    public async Task While_an_update_is_on_trial_safe_state_asks_what_ran_before_it()
    {
        _tree.BeginTrial();
        Script("0.2.0", "exit 0");
        Script("0.1.5", "exit 0");

        Assert.Equal(0, (await _tree.GuardAsync("safe-state")).ExitCode);

        Assert.Equal(["0.1.5 safe-state"], File.ReadAllLines(_tree.At("tried")));
    }

    [Fact]
    public async Task A_release_that_is_no_program_any_more_is_passed_over()
    {
        _tree.Install("0.1.5");
        UpdateTree.Put(_tree.Paths.BinaryOf("0.1.5"), "exit 2\n"u8.ToArray(), executable: true);

        await _tree.StartAsync();

        Assert.Equal("packaged", _tree.Launched);
    }

    [Fact]
    public async Task An_update_that_was_never_switched_to_cannot_be_kept()
    {
        _tree.BeginTrial();
        UpdateTree.Link(_tree.Paths.Current, "0.1.5");

        Assert.Equal(1, (await _tree.GuardAsync("commit")).ExitCode);

        Assert.Null(_tree.Last);
    }

    [Fact]
    public async Task Safe_state_stops_at_the_first_success_and_says_so_when_there_is_none()
    {
        _tree.Install("0.1.5");
        Script("0.1.5", "exit 0");
        Script("packaged", "exit 1");
        Assert.Equal(0, (await _tree.GuardAsync("safe-state")).ExitCode);
        Assert.Single(File.ReadAllLines(_tree.At("tried")));

        Script("0.1.5", "exit 1");
        GuardRun none = await _tree.GuardAsync("safe-state");

        Assert.Equal(1, none.ExitCode);
        Assert.Contains("tried: 0.1.5 packaged", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task By_hand_a_trial_can_be_kept_or_ended()
    {
        _tree.BeginTrial();
        Assert.Equal(0, (await _tree.GuardAsync("commit")).ExitCode);
        Assert.Equal("committed", _tree.Last!.Result);
        Assert.Equal(1, (await _tree.GuardAsync("commit")).ExitCode);

        _tree.BeginTrial("0.3.0", "0.2.0");
        Assert.Equal(0, (await _tree.GuardAsync("rollback", "too loud")).ExitCode);
        Assert.Equal(("0.2.0", "too loud"), (_tree.Launched, _tree.Last!.Reason));
    }

    [Fact]
    public async Task A_rollback_without_a_trial_goes_one_step_back_at_a_time()
    {
        _tree.Install("0.1.5", current: false);
        _tree.Install("0.2.0");
        UpdateTree.Link(_tree.Paths.Previous, "0.1.5");

        Assert.Equal(0, (await _tree.GuardAsync("rollback")).ExitCode);
        Assert.Equal("0.1.5", _tree.Launched);
        Assert.Equal(0, (await _tree.GuardAsync("rollback")).ExitCode);
        Assert.Equal("packaged", _tree.Launched);
        Assert.Equal(1, (await _tree.GuardAsync("rollback")).ExitCode);
        Assert.Equal(2, _tree.Told.Count(t => t == "restart clawmesh-edge.service"));
    }

    [Fact]
    public async Task Status_tells_what_runs_and_what_is_on_trial()
    {
        _tree.BeginTrial();

        GuardRun run = await _tree.GuardAsync("status");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("current=0.2.0\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("  release=0.2.0\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_by_systemd_it_listens_to_no_variable()
    {
        GuardRun usage = await _tree.GuardAsync("nonsense");
        Assert.Equal(2, usage.ExitCode);

        string script = File.ReadAllText(_tree.Paths.Guard);
        Assert.Contains("if [ -z \"${INVOCATION_ID-}\" ]; then root=${CLAWMESH_ROOT-}; fi", script, StringComparison.Ordinal);
    }

    public void Dispose() => _tree.Dispose();

    // Scripts in the place of programs, with a dd that takes them for such.
    private void Script(string release, string end)
    {
        _tree.Tool("dd", "#!/bin/sh\nprintf '\\177ELF'\n");
        UpdateTree.Put(_tree.Paths.BinaryOf(release), System.Text.Encoding.UTF8.GetBytes($"#!/bin/sh\necho \"{release} $*\" >> '{_tree.At("tried")}'\n{end}\n"), executable: true);
    }
}
