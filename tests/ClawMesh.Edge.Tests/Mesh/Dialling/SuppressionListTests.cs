using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Dialling;

[Trait("spec", "W-43")]
public sealed class SuppressionListTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_lost_device_is_suppressed_until_a_session_to_it_succeeds()
    {
        var list = new SuppressionList(_time);
        list.MarkDead(Ids.A);

        Assert.True(list.IsSuppressed(Ids.A));
        Assert.False(list.IsSuppressed(Ids.B));
        list.Clear(Ids.A);
        Assert.False(list.IsSuppressed(Ids.A));
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void A_suppression_ends_after_ten_minutes_on_the_monotonic_clock()
    {
        var list = new SuppressionList(_time);
        list.MarkDead(Ids.A);

        _time.StepWallClock(TimeSpan.FromDays(1));
        _time.Advance(TimeSpan.FromSeconds(599));
        Assert.True(list.IsSuppressed(Ids.A));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(list.IsSuppressed(Ids.A));
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void A_second_loss_begins_the_ten_minutes_anew()
    {
        var list = new SuppressionList(_time);
        list.MarkDead(Ids.A);
        _time.Advance(TimeSpan.FromMinutes(9));
        list.MarkDead(Ids.A);

        _time.Advance(TimeSpan.FromMinutes(9));

        Assert.True(list.IsSuppressed(Ids.A));
        Assert.Equal(1, list.Count);
    }

    [Fact]
    public void Under_a_flood_of_devices_the_list_stays_at_its_bound_and_forgets_the_oldest()
    {
        var list = new SuppressionList(_time, capacity: 3);
        for (int i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            list.MarkDead(Ids.Number(i));
            Assert.True(list.Count <= 3);
        }

        Assert.Equal([false, true, true, true], new[] { 96, 97, 98, 99 }.Select(i => list.IsSuppressed(Ids.Number(i))));
    }
}
