using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Update;

public sealed class UpdateApplyTests : IDisposable
{
    private readonly UpdateTree _tree = new();
    private readonly BundleMaker _maker = new();
    private readonly FakeHost _host;

    public UpdateApplyTests()
    {
        _host = new FakeHost(_tree);
        _tree.Put(_tree.Paths.Keys, _maker.KeyLine + "\n");
        File.SetUnixFileMode(_tree.Paths.Keys, (UnixFileMode)0b110_100_100);
    }

    [Fact]
    public async Task A_release_is_installed_beside_the_old_one_and_put_on_trial()
    {
        _tree.Install("0.1.5");
        var steps = new List<UpdateStep>();

        Applied applied = await ApplyAsync(_maker.Of("0.2.0"), steps.Add);

        Assert.Equal(new Applied("0.2.0", "0.1.5", "the operator", Journaled: true), applied);
        Assert.Equal(Enum.GetValues<UpdateStep>(), steps);
        Assert.Equal("0.2.0", _tree.Paths.Linked(_tree.Paths.Current));
        Assert.Equal(new Trial("0.2.0", "0.1.5", 0, _host.Time.GetUtcNow().ToUnixTimeSeconds(), UpdateTree.Boot, 1000 + 50 + 30, 30, 50, ""), _tree.Trial);
        Assert.Equal(["0.2.0 over 0.1.5 by the operator"], _host.Told);
        Assert.Equal(["systemctl start --no-block clawmesh-edge-update.service", "systemctl restart --no-block clawmesh-edge.service"], _host.Ran[^2..]);
        Assert.Equal(["current", "lock", "releases", "releases/0.1.5", "releases/0.2.0", "trial"], _tree.Names());
    }

    [Fact]
    public async Task Over_the_packaged_version_the_way_back_leads_to_it()
    {
        await ApplyAsync(_maker.Of("0.2.0"));

        Assert.Equal("packaged", _tree.Trial?.Previous);
    }

    [Fact]
    public async Task What_ailed_the_old_version_is_remembered_but_for_what_no_update_is_forgiven()
    {
        _tree.Say("0.1.0 990 unhealthy tick journal output:valve sensors port bad*word");

        await ApplyAsync(_maker.Of("0.2.0"));

        Assert.Equal("journal output:valve sensors", _tree.Trial?.Before);
    }

    [Fact]
    public async Task At_most_three_releases_stay_and_never_the_current_or_the_previous_one_goes()
    {
        foreach (string old in (string[])["0.0.1", "0.0.2", "0.1.4"]) _tree.Install(old, current: false);
        _tree.Install("0.1.5");
        UpdateTree.Link(_tree.Paths.Previous, "0.1.4");

        await ApplyAsync(_maker.Of("0.2.0"));

        Assert.Equal(["releases/0.1.4", "releases/0.1.5", "releases/0.2.0"], _tree.Names().Where(n => n.Contains('/')));
    }

    [Fact]
    public async Task The_release_that_runs_is_refused() => await RefusedAsync("update.already_installed", _maker.Of("0.1.0"));

    [Fact]
    public async Task The_release_before_the_current_one_is_refused_because_rollback_leads_there()
    {
        _tree.Install("0.1.4", current: false);
        _tree.Install("0.1.5");
        UpdateTree.Link(_tree.Paths.Previous, "0.1.4");

        Assert.Contains("update rollback", (await RefusedAsync("update.already_installed", _maker.Of("0.1.4"), allowOlder: true)).Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_version_is_refused_unless_asked_for()
    {
        await RefusedAsync("update.older", _maker.Of("0.0.9"));

        Assert.Equal("0.0.9", (await ApplyAsync(_maker.Of("0.0.9"), allowOlder: true)).Release);
    }

    [Fact]
    public async Task A_sick_current_version_does_not_stand_between_itself_and_its_cure()
    {
        _tree.Install("0.9.0");
        UpdateTree.Put(_tree.Paths.BinaryOf("0.9.0"), "crash"u8.ToArray(), executable: true);

        Assert.Equal("0.2.0", (await ApplyAsync(_maker.Of("0.2.0"))).Release);
    }

    [Fact]
    public async Task While_another_version_is_on_trial_nothing_is_installed()
    {
        _tree.BeginTrial();

        await RefusedAsync("update.on_trial", _maker.Of("0.3.0"));
    }

    [Fact]
    public async Task Two_at_once_are_one_too_many()
    {
        using var held = new FileStream(_tree.Paths.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

        await RefusedAsync("update.busy", _maker.Of("0.2.0"));
    }

    [Fact]
    public async Task An_energised_output_is_named_and_nothing_happens()
    {
        _host.Node = new NodeSight(77, Answers: true, ["actuator:valve:zone-1"]);

        Assert.Contains("actuator:valve:zone-1", (await RefusedAsync("update.energised", _maker.Of("0.2.0"))).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_output_that_was_energised_while_the_bundle_was_unpacked_stops_the_update_and_leaves_nothing()
    {
        _host.NodeAt = look => new NodeSight(77, Answers: true, look == 1 ? [] : ["actuator:valve:zone-1"]);

        await RefusedAsync("update.energised", _maker.Of("0.2.0"));

        Assert.Equal(2, _host.Looks);
        Assert.Equal(["lock", "releases"], _tree.Names());
    }

    [Fact]
    public async Task A_node_that_lives_and_does_not_answer_is_named()
    {
        _host.Node = new NodeSight(77, Answers: false, [], "It took longer than 3 s.");

        Assert.Contains("Process 77", (await RefusedAsync("update.node_silent", _maker.Of("0.2.0"))).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_for_another_machine_or_a_newer_kernel_is_refused()
    {
        await RefusedAsync("update.other_machine", _maker.Of("0.2.0", rid: "linux-arm64"));
        await RefusedAsync("update.other_machine", _maker.Of("0.2.0", more: ""","minKernel":"6.1" """));
        Assert.Equal("0.2.0", (await ApplyAsync(_maker.Of("0.2.0", more: ""","minKernel":"5.10" """))).Release);
    }

    [Fact]
    public async Task A_binary_for_another_processor_is_refused_before_it_is_run()
    {
        await RefusedAsync("update.other_machine", _maker.Of("0.2.0", UpdateTree.ElfBinary("0.2.0", machine: 183)));
        await RefusedAsync("update.other_machine", _maker.Of("0.2.0", "#!/bin/sh\nversion=0.2.0;"u8.ToArray()));

        Assert.DoesNotContain(_host.Ran, r => r.Contains(".part/", StringComparison.Ordinal));
        Assert.Equal(["lock", "releases"], _tree.Names());
    }

    [Theory]
    [InlineData("0.3.0")]
    [InlineData("")]
    public async Task A_binary_that_does_not_run_or_is_another_version_is_refused(string says)
    {
        byte[] binary = says.Length > 0 ? UpdateTree.ElfBinary(says) : UpdateTree.ElfBinary("0.2.0")[..20];

        await RefusedAsync("update.does_not_run", _maker.Of("0.2.0", binary));

        Assert.Equal(["lock", "releases"], _tree.Names());
    }

    [Fact]
    public async Task A_binary_that_hangs_is_refused()
    {
        _host.Answer = (program, _) => program.Contains(".part/", StringComparison.Ordinal) ? new ProgramResult(-1, "", TimedOut: true) : null;

        await RefusedAsync("update.does_not_run", _maker.Of("0.2.0"));
    }

    [Fact]
    public async Task A_full_disk_is_refused_before_anything_is_unpacked()
    {
        _host.Free = 1_000_000;

        await RefusedAsync("update.no_space", _maker.Of("0.2.0"));
    }

    [Fact]
    public async Task A_corrupt_file_in_the_bundle_leaves_nothing_behind()
    {
        byte[] bundle = _maker.Of("0.2.0");
        bundle[^1] ^= 1;

        await RefusedAsync("update.bundle_invalid", bundle);

        Assert.Equal(["lock", "releases"], _tree.Names());
    }

    [Fact]
    public async Task Without_a_guard_or_its_unit_nothing_is_installed()
    {
        _host.Answer = (program, arguments) => program == "systemctl" && arguments[0] == "cat" ? new ProgramResult(1, "", TimedOut: false) : null;
        await RefusedAsync("update.not_installed", _maker.Of("0.2.0"));

        _host.Answer = null;
        File.Delete(_tree.Paths.Guard);
        await RefusedAsync("update.not_installed", _maker.Of("0.2.0"));
    }

    [Fact]
    public async Task When_nobody_would_watch_the_trial_the_link_goes_back()
    {
        _tree.Install("0.1.5");
        _host.Answer = (program, arguments) => program == "systemctl" && arguments[0] == "start" ? new ProgramResult(1, "", TimedOut: false) : null;

        await RefusedAsync("update.not_installed", _maker.Of("0.2.0"));

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.Equal(["current", "lock", "releases", "releases/0.1.5"], _tree.Names());
        Assert.DoesNotContain(_host.Ran, r => r.Contains("restart", StringComparison.Ordinal));
    }

    /// <summary>A power cut after any step: no clean-up runs, and all that is left is the disk, the guard and the next apply.</summary>
    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Killed_after_any_step_the_old_version_runs_again_and_the_next_apply_finds_a_clean_tree(int step)
    {
        _tree.Install("0.1.5");
        UpdateStep last = (UpdateStep)step;
        await Assert.ThrowsAsync<PowerCutException>(() => ApplyAsync(_maker.Of("0.2.0"), reached =>
        {
            if (reached == last) throw new PowerCutException();
        }));

        // The machine comes back. The new version, if it starts at all, says nothing.
        _tree.Put(_tree.Paths.BootId, "66666666-7777-8888-9999-000000000000\n");
        _tree.Uptime = 20;
        await _tree.StartAsync();
        bool tried = last >= UpdateStep.Switched;
        Assert.Equal(tried ? "0.2.0" : "0.1.5", _tree.Launched);
        Assert.Equal(tried, File.Exists(_tree.Paths.Trial));
        await _tree.WatchAsync(60, says: null);

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.False(File.Exists(_tree.Paths.Trial));
        if (last >= UpdateStep.OnTrial) Assert.Equal(tried ? "rolled-back" : "interrupted", _tree.Last?.Result);

        await ApplyAsync(_maker.Of("0.3.0"));
        Assert.Equal(["releases/0.1.5", "releases/0.3.0"], _tree.Names().Where(n => n.Contains('/')));
        Assert.DoesNotContain(_tree.Names(), n => n.EndsWith(".new", StringComparison.Ordinal) || n.EndsWith(".tmp", StringComparison.Ordinal) || n.EndsWith(".part", StringComparison.Ordinal));
        Assert.Equal("0.3.0", _tree.Trial?.Release);
    }

    [Fact]
    public async Task Killed_within_the_unpacking_the_half_of_a_release_is_cleaned_away()
    {
        _tree.Install("0.1.5");
        _tree.Put(_tree.At("opt/clawmesh-edge/releases/0.2.0.part/clawmesh-edge"), "half");
        _tree.Put(_tree.At("opt/clawmesh-edge/.trial.0123.tmp"), "half");
        UpdateTree.Link(_tree.Paths.Current + ".new", "0.2.0");
        await _tree.StartAsync();
        Assert.Equal("0.1.5", _tree.Launched);

        await ApplyAsync(_maker.Of("0.2.0"));

        Assert.Equal(["current", "lock", "releases", "releases/0.1.5", "releases/0.2.0", "trial"], _tree.Names());
    }

    [Fact]
    public async Task A_start_of_the_node_between_trial_and_switch_does_not_take_the_trial_of_a_living_apply_away()
    {
        _tree.Install("0.1.5");

        await ApplyAsync(_maker.Of("0.2.0"), reached =>
        {
            if (reached == UpdateStep.OnTrial) Assert.Equal(0, _tree.GuardAsync("pre-start").GetAwaiter().GetResult().ExitCode);
        });

        Assert.Equal(("0.2.0", 0), (_tree.Trial?.Release, _tree.Trial?.Starts));
    }

    public static TheoryData<int> Steps() => [.. Enum.GetValues<UpdateStep>().Select(s => (int)s)];

    public void Dispose()
    {
        _maker.Dispose();
        _tree.Dispose();
    }

    private Task<Applied> ApplyAsync(byte[] bundle, Action<UpdateStep>? reached = null, bool allowOlder = false)
    {
        string path = _tree.At("update.bundle");
        File.WriteAllBytes(path, bundle);
        return new UpdateApply(_tree.Paths, _host, new Ed25519Verifier(), reached ?? (_ => { })).RunAsync(path, new ApplyOptions(allowOlder, 30, 50), TestContext.Current.CancellationToken);
    }

    private async Task<EdgeException> RefusedAsync(string code, byte[] bundle, bool allowOlder = false)
    {
        string before = _tree.Launched;
        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => ApplyAsync(bundle, allowOlder: allowOlder));

        Assert.Equal(code, refused.Code);
        Assert.Equal(before, _tree.Launched);
        return refused;
    }

    private sealed class PowerCutException : Exception;
}
