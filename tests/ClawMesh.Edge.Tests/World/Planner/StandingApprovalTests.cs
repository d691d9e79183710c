using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class StandingApprovalTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void It_covers_what_the_goal_says_and_nothing_else()
    {
        StandingApproval standing = Standing(Drafts.Goal());

        Assert.Equal("goals.json/V1", standing.Covers(Draft()));
        Assert.Null(standing.Covers(Draft() with { TargetRef = "actuator:valve:V2" }));
        Assert.Null(standing.Covers(Draft() with { Zone = "V2" }));
        Assert.Null(standing.Covers(Draft() with { Operation = "close" }));
        Assert.Null(standing.Covers(Draft() with { Operation = "set" }));
        Assert.Null(standing.Covers(Draft() with { Minutes = 0 }));
        Assert.Null(standing.Covers(Draft() with { Minutes = 20.1 }));
        Assert.Null(standing.Covers(Draft() with { Minutes = double.NaN }));
        Assert.NotNull(standing.Covers(Draft() with { Minutes = 20 }));
        foreach (ApprovalLevel level in new[] { ApprovalLevel.L0, ApprovalLevel.L2, ApprovalLevel.L3 }) Assert.Null(Standing(Drafts.Goal(level)).Covers(Draft()));
    }

    [Fact]
    public void A_day_of_the_site_has_so_many_minutes()
    {
        var site = new TestSite(_time, 60) { Start = new DateTimeOffset(2026, 6, 1, 22, 0, 0, TimeSpan.FromHours(2)) };
        StandingApproval standing = Drafts.Standing([Drafts.Goal()], site, _time);
        foreach (int _ in new[] { 1, 2, 3 })
        {
            Assert.NotNull(standing.Covers(Draft()));
            standing.Use(Draft());
        }

        Assert.Null(standing.Covers(Draft() with { Minutes = 0.1 }));
        _time.Advance(TimeSpan.FromMinutes(1.9));
        Assert.Null(standing.Covers(Draft()));
        _time.Advance(TimeSpan.FromMinutes(0.2));
        Assert.NotNull(standing.Covers(Draft()));
    }

    [Theory]
    [InlineData(6, 10, 5.8, true)]
    [InlineData(6, 10, 5.9, false)]
    [InlineData(6, 10, 6, false)]
    [InlineData(6, 10, 9.9, false)]
    [InlineData(6, 10, 10, true)]
    [InlineData(22, 5, 23, false)]
    [InlineData(22, 5, 4, false)]
    [InlineData(22, 5, 12, true)]
    public void Quiet_hours_are_a_persons_to_break(double from, double to, double hour, bool covered)
    {
        var site = new TestSite(_time) { Start = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.FromHours(2)).AddHours(hour) };
        StandingApproval standing = Drafts.Standing([Drafts.Goal(quiet: new QuietSpan(from, to))], site, _time);

        Assert.Equal(covered, standing.Covers(Draft()) is not null);
    }

    [Fact]
    public void Somebody_elses_word_about_the_zone_opens_nothing()
    {
        // Any trusted peer could say that the zone is dry, and the valve of this node opened for it.
        SensorEvidence foreign = SensorEvidence.From(Drafts.Property(_time, sources: "sensor") with { Origin = new string('d', 64) }, outputsAreReal: true)!;

        Assert.Null(Standing(Drafts.Goal()).Covers(Draft() with { Evidence = [foreign] }));
        Assert.NotNull(Standing(Drafts.Goal()).Covers(Draft() with { Evidence = [foreign, Drafts.Evidence(_time)] }));
    }

    [Fact]
    public void A_goal_about_a_peers_valve_covers_no_valve_of_the_same_name_here()
    {
        ZoneGoal remote = Drafts.Goal() with { ExecutorDeviceId = new string('e', 64) };

        Assert.Null(Standing(remote).Covers(Draft()));
        Assert.Null(Standing(Drafts.Goal()).Covers(Draft() with { ExecutorDeviceId = remote.ExecutorDeviceId }));
    }

    [Fact]
    public void What_a_simulation_says_moves_nothing_at_a_peer_by_itself()
    {
        string peer = new('e', 64);
        ZoneGoal remote = Drafts.Goal() with { ExecutorDeviceId = peer };
        SensorEvidence Said(bool simulated) => SensorEvidence.From(Drafts.Property(_time, simulated: simulated, sources: "sensor") with { Origin = peer }, outputsAreReal: false)!;

        Assert.NotNull(Standing(remote).Covers(Draft() with { ExecutorDeviceId = peer, Evidence = [Said(simulated: false)] }));
        Assert.Null(Standing(remote).Covers(Draft() with { ExecutorDeviceId = peer, Evidence = [Said(simulated: true)] }));
    }

    private StandingApproval Standing(ZoneGoal goal) => Drafts.Standing([goal], new TestSite(_time), _time);

    private ProposalDraft Draft() => Drafts.Water(_time, ApprovalLevel.L1);
}
