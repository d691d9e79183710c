using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Update;

/// <summary><c>update apply</c> on a tree that is not as the last one left it.</summary>
public sealed class UpdateApplyTreeTests : IDisposable
{
    private readonly UpdateTree _tree = new();
    private readonly BundleMaker _maker = new();
    private readonly FakeHost _host;

    public UpdateApplyTreeTests()
    {
        _host = new FakeHost(_tree);
        _tree.Put(_tree.Paths.Keys, _maker.KeyLine + "\n");
        File.SetUnixFileMode(_tree.Paths.Keys, (UnixFileMode)0b110_100_100);
    }

    [Fact]
    public async Task A_link_to_a_release_without_its_binary_does_not_come_alive_when_that_release_is_installed_anew()
    {
        _tree.Install("0.2.0");
        File.Delete(_tree.Paths.BinaryOf("0.2.0"));

        await Assert.ThrowsAsync<PowerCutException>(() => ApplyAsync("0.2.0", step =>
        {
            if (step == UpdateStep.Placed) throw new PowerCutException();
        }));

        Assert.Equal("packaged", _tree.Launched);
        Assert.Null(new FileInfo(_tree.Paths.Current).LinkTarget);
    }

    [Fact]
    public async Task The_release_before_the_packaged_one_can_be_installed_again()
    {
        _tree.Install("0.2.0", current: false);
        UpdateTree.Link(_tree.Paths.Previous, "0.2.0");

        await ApplyAsync("0.2.0");

        Assert.Equal("0.2.0", _tree.Launched);
        Assert.Equal(["releases/0.2.0"], _tree.Names().Where(n => n.Contains('/')));
    }

    [Fact]
    public async Task What_was_there_before_is_there_again_when_the_update_is_undone()
    {
        _tree.Install("0.2.0", current: false);
        UpdateTree.Put(_tree.Paths.BinaryOf("0.2.0"), "the one before"u8.ToArray(), executable: true);
        UpdateTree.Link(_tree.Paths.Previous, "0.2.0");
        _host.Answer = (program, arguments) => program == "systemctl" && arguments[0] == "start" ? new ProgramResult(1, "") : null;

        await Assert.ThrowsAsync<EdgeException>(() => ApplyAsync("0.2.0"));

        Assert.Equal("packaged", _tree.Launched);
        Assert.Equal("the one before", File.ReadAllText(_tree.Paths.BinaryOf("0.2.0")));
    }

    [Fact]
    public async Task A_release_before_the_current_one_that_lost_its_binary_is_installed()
    {
        _tree.Install("0.2.0", current: false);
        File.Delete(_tree.Paths.BinaryOf("0.2.0"));
        _tree.Install("0.1.5");
        UpdateTree.Link(_tree.Paths.Previous, "0.2.0");

        Assert.Equal("0.2.0", (await ApplyAsync("0.2.0")).Release);
    }

    [Fact]
    public async Task An_update_that_does_not_fit_removes_nothing_and_what_it_would_remove_counts()
    {
        _tree.Install("0.0.1", current: false);
        _host.Free = 1_000_000;
        Assert.Equal("update.no_space", (await Assert.ThrowsAsync<EdgeException>(() => ApplyAsync("0.2.0"))).Code);
        Assert.True(File.Exists(_tree.Paths.BinaryOf("0.0.1")));

        using (FileStream large = File.OpenWrite(_tree.Paths.BinaryOf("0.0.1"))) large.SetLength(64 * 1024 * 1024);
        await ApplyAsync("0.2.0");
        Assert.False(Directory.Exists(_tree.Paths.ReleaseOf("0.0.1")));
    }

    [Fact]
    public async Task Interrupted_before_the_trial_it_says_so_and_leaves_nothing()
    {
        using var pressed = new CancellationTokenSource();

        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => ApplyAsync("0.2.0", At(UpdateStep.Placed, pressed), pressed.Token));

        Assert.Equal("update.interrupted", refused.Code);
        Assert.Equal(["lock", "releases"], _tree.Names());
    }

    [Theory]
    [InlineData((int)UpdateStep.OnTrial)]
    [InlineData((int)UpdateStep.Switched)]
    public async Task Interrupted_after_it_the_switch_is_made_to_its_end(int step)
    {
        using var pressed = new CancellationTokenSource();

        await ApplyAsync("0.2.0", At((UpdateStep)step, pressed), pressed.Token);

        Assert.Equal("0.2.0", _tree.Launched);
        Assert.Equal("systemctl restart --no-block clawmesh-edge.service", _host.Ran[^1]);
    }

    [Fact]
    public async Task The_lock_is_for_root_alone_also_one_that_was_open()
    {
        _tree.Put(_tree.Paths.Lock, "");
        File.SetUnixFileMode(_tree.Paths.Lock, (UnixFileMode)0b110_100_100);

        await ApplyAsync("0.2.0");

        Assert.Equal("0600", UnixMode.Octal(UnixMode.Of(_tree.Paths.Lock)));
    }

    [Fact]
    public async Task A_pipe_in_place_of_the_health_file_holds_nobody_up()
    {
        Assert.True(Programs.Run("mkfifo", [_tree.Paths.Health], TimeSpan.FromSeconds(20), TimeProvider.System)!.Ok);

        await ApplyAsync("0.2.0");

        Assert.Equal("", _tree.Trial?.Before);
    }

    [Fact]
    public async Task Of_a_health_file_that_is_too_long_only_its_beginning_counts()
    {
        _tree.Say("0.1.0 990 unhealthy " + string.Join(' ', Enumerable.Range(10, 5000).Select(i => $"part:p{i}")));

        await ApplyAsync("0.2.0");

        Assert.Equal(string.Join(' ', Enumerable.Range(10, 12).Select(i => $"part:p{i}")), _tree.Trial?.Before);
    }

    public void Dispose()
    {
        _maker.Dispose();
        _tree.Dispose();
    }

    private static Action<UpdateStep> At(UpdateStep wanted, CancellationTokenSource pressed) => step =>
    {
        if (step == wanted) pressed.Cancel();
    };

    private Task<Applied> ApplyAsync(string version, Action<UpdateStep>? reached = null, CancellationToken? cancellation = null)
    {
        string path = _tree.At("update.bundle");
        File.WriteAllBytes(path, _maker.Of(version));
        return new UpdateApply(_tree.Paths, _host, new Ed25519Verifier(), reached ?? (_ => { }))
            .RunAsync(path, new ApplyOptions(AllowOlder: true, 30, 50), cancellation ?? TestContext.Current.CancellationToken);
    }

    private sealed class PowerCutException : Exception;
}
