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

    private StandingApproval Standing(ZoneGoal goal) => Drafts.Standing([goal], new TestSite(_time), _time);

    private ProposalDraft Draft() => Drafts.Water(_time, ApprovalLevel.L1);
}
