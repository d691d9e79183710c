using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Dialling;

[Trait("spec", "W-39")]
public sealed class DialBudgetTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Five_dials_in_any_hour_and_each_device_has_its_own()
    {
        var budget = new DialBudget(_time);
        for (int i = 0; i < 5; i++)
        {
            Assert.True(budget.HasLeft(Ids.A));
            Assert.True(budget.TryTake(Ids.A));
            _time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.False(budget.HasLeft(Ids.A));
        Assert.False(budget.TryTake(Ids.A));
        Assert.True(budget.TryTake(Ids.B));

        _time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
        Assert.True(budget.TryTake(Ids.A));
        Assert.False(budget.TryTake(Ids.A));
    }

    [Fact]
    public void Asking_takes_nothing()
    {
        var budget = new DialBudget(_time, perHour: 1);

        Assert.True(budget.HasLeft(Ids.A));
        Assert.True(budget.HasLeft(Ids.A));
        Assert.Equal(0, budget.Count);
        Assert.True(budget.TryTake(Ids.A));
    }

    [Fact]
    public void Under_a_flood_of_devices_the_device_dialled_longest_ago_is_forgotten()
    {
        var budget = new DialBudget(_time, perHour: 1, capacity: 3);
        for (int i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(budget.TryTake(Ids.Number(i)));
            Assert.True(budget.Count <= 3);
        }

        Assert.Equal([true, false, false, false], new[] { 96, 97, 98, 99 }.Select(i => budget.HasLeft(Ids.Number(i))));
    }
}
