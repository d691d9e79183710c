using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

public class HistoryTests
{
    private static readonly TimeSpan Quarter = TimeSpan.FromMinutes(15);

    private readonly TwinBench _bench = new();

    [Fact]
    public void A_step_is_the_mean_of_what_was_heard_in_it_and_a_silent_one_is_a_gap()
    {
        _bench.Say(20);
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        _bench.Say(22);
        _bench.Time.Advance(TimeSpan.FromMinutes(25));
        _bench.Say(30);

        Assert.Equal((2, "21 NaN 30"), Read(3));
        Assert.Equal((2, "NaN 21 NaN 30"), Read(4));
        _bench.Time.Advance(Quarter);
        Assert.Equal((1, "NaN 30 NaN"), Read(3));
    }

    [Fact]
    public void What_comes_late_goes_into_the_step_it_was_measured_in()
    {
        _bench.Time.Advance(TimeSpan.FromHours(1));
        _bench.Say(30);
        _bench.Say(20, timestamp: _bench.Now - 1_800_000);
        _bench.Say(99, timestamp: _bench.Now - (long)TimeSpan.FromDays(3).TotalMilliseconds);

        Assert.Equal((2, "20 NaN 30"), Read(3));
        Assert.Equal(30, _bench.Moisture!.Value);
    }

    [Fact]
    public void Longer_steps_are_made_of_the_quarter_hours_by_how_much_was_heard_in_each()
    {
        // Site time 06:00, so that an hour's four quarters end at 06:45.
        for (int i = 0; i < 4; i++)
        {
            _bench.Say(i == 0 ? 10 : 20);
            if (i < 3) _bench.Time.Advance(Quarter);
        }

        float[] hour = new float[2];
        Assert.Equal(1, _bench.Twin.History("zone:zone-1", "moisture", TimeSpan.FromHours(1), hour));
        Assert.Equal(17.5f, hour[1]);
        Assert.Equal(float.NaN, hour[0]);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(0)]
    [InlineData(-15)]
    public void A_step_that_is_no_multiple_of_what_is_kept_is_an_error(int minutes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _bench.Twin.History("zone:zone-1", "moisture", TimeSpan.FromMinutes(minutes), new float[4]));

    [Fact]
    public void What_nobody_knows_is_all_gaps()
    {
        float[] values = [1, 2];
        Assert.Equal(0, _bench.Twin.History("zone:nowhere", "moisture", Quarter, values));
        Assert.All(values, v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void Two_days_are_kept_and_no_more()
    {
        for (int i = 0; i < 300; i++)
        {
            _bench.Say(i % 100);
            _bench.Time.Advance(Quarter);
        }

        float[] values = new float[250];
        Assert.Equal(191, _bench.Twin.History("zone:zone-1", "moisture", Quarter, values));
        Assert.True(float.IsNaN(values[^1]));
        Assert.Equal(299 % 100, values[^2]);
        Assert.True(float.IsNaN(values[^193]));
    }

    [Fact]
    public void A_simulated_farm_fills_its_own_quarter_hours_sixty_times_as_fast()
    {
        var farm = new TwinBench(rate: 60);
        // Off the boundary of a step, which the clock's odd frequency may miss by a tick.
        farm.Time.Advance(TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < 12; i++)
        {
            farm.Say(i);
            farm.Time.Advance(TimeSpan.FromSeconds(5));
        }

        farm.Say(12);
        float[] values = new float[5];
        Assert.Equal(5, farm.Twin.History("zone:zone-1", "moisture", Quarter, values));
        Assert.Equal([1, 4, 7, 10, 12], values);
    }

    [Fact]
    public void An_outputs_history_is_the_part_of_the_step_in_which_it_was_open()
    {
        for (int second = 0; second < 900; second++)
        {
            _bench.Twin.Note(EntityKind.Actuator, "actuator:valve:zone-1", TwinWriter.State, second < 300 ? 1 : 0, second < 300 ? "active" : "inactive");
            _bench.Twin.Age();
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
        }

        float[] values = new float[2];
        _bench.Twin.History("actuator:valve:zone-1", "state", Quarter, values);
        Assert.Equal(1.0 / 3, values[0], 2);
    }

    [Fact]
    public void A_clock_that_was_set_back_forgets_only_what_it_said_of_the_future()
    {
        _bench.Say(10);
        _bench.Time.Advance(TimeSpan.FromMinutes(30));
        _bench.Say(12);
        _bench.Time.StepWallClock(TimeSpan.FromMinutes(-15));
        _bench.Say(11, TwinBench.Other);

        float[] values = new float[2];
        _bench.Twin.History("zone:zone-1", "moisture", Quarter, values);
        Assert.Equal(10, values[0]);
    }

    private (int, string) Read(int steps)
    {
        float[] values = new float[steps];
        int filled = _bench.Twin.History("zone:zone-1", "moisture", Quarter, values);
        return (filled, string.Join(' ', values.Select(v => v.ToString(System.Globalization.CultureInfo.InvariantCulture))));
    }
}
