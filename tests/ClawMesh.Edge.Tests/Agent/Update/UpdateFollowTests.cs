using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Update;

public sealed class UpdateFollowTests : IDisposable
{
    private readonly UpdateTree _tree = new();
    private readonly ManualTime _time = new();
    private readonly List<string> _told = [];

    [Fact]
    public async Task It_ends_when_the_release_is_committed_and_has_told_what_it_saw()
    {
        _tree.BeginTrial(starts: 1);
        _tree.Say("0.2.0 1000 unhealthy journal");
        Task following = FollowAsync();
        _tree.Say("0.2.0 1005 healthy");
        _time.Advance(TimeSpan.FromSeconds(1));
        await _tree.GuardAsync("commit");
        _time.Advance(TimeSpan.FromSeconds(1));

        await following;

        Assert.Equal(["start 1: unhealthy journal", "start 1: healthy"], _told);
    }

    [Fact]
    public async Task A_rollback_is_a_failure_with_its_reason()
    {
        _tree.BeginTrial();
        Task following = FollowAsync();
        await _tree.GuardAsync("rollback", "too loud");
        _time.Advance(TimeSpan.FromSeconds(1));

        EdgeException failed = await Assert.ThrowsAsync<EdgeException>(() => following);

        Assert.Equal("update.rolled_back", failed.Code);
        Assert.Equal("too loud.", failed.Why);
        Assert.Contains("0.1.5 runs again", failed.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guard_that_never_decides_is_not_waited_for_for_ever()
    {
        _tree.BeginTrial();
        Task following = FollowAsync();

        for (int i = 0; i < 200 && !following.IsCompleted; i++) _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("update.undecided", (await Assert.ThrowsAsync<EdgeException>(() => following)).Code);
    }

    public void Dispose() => _tree.Dispose();

    private Task FollowAsync() => new UpdateFollow(_tree.Paths, _time, _told.Add).UntilDecidedAsync("0.2.0", 50, TestContext.Current.CancellationToken);
}
