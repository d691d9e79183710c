using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Tests.World.Forecasts;

public sealed class WateringLogTests
{
    private const string Valve = "actuator:valve:zone-1";

    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Quarter = TimeSpan.FromMinutes(15);

    private readonly WateringLog _log = new(Noon - TimeSpan.FromHours(2));

    [Fact]
    public void A_watering_is_shared_out_over_the_quarters_it_lay_in()
    {
        _log.Changed(Valve, open: true, Noon - TimeSpan.FromMinutes(40));
        _log.Changed(Valve, open: false, Noon - TimeSpan.FromMinutes(20));

        Assert.Equal([0f, 10f / 15, 10f / 15, 0f], Slots(4), new Close());
    }

    [Fact]
    public void A_valve_that_is_open_now_counts_until_now()
    {
        _log.Changed(Valve, open: true, Noon - TimeSpan.FromMinutes(3));

        Assert.Equal([0f, 0.2f], Slots(2), new Close());
        Assert.Equal(TimeSpan.FromMinutes(3), _log.OpenWithin(Valve, Noon, TimeSpan.FromHours(24)));
    }

    [Fact]
    public void Nobody_knows_what_was_before_the_log_began()
    {
        float[] slots = Slots(12);

        Assert.All(slots[..4], s => Assert.True(float.IsNaN(s)));
        Assert.All(slots[4..], s => Assert.Equal(0, s));
    }

    [Fact]
    public void A_repeated_state_is_no_change()
    {
        _log.Changed(Valve, open: true, Noon - TimeSpan.FromMinutes(10));
        _log.Changed(Valve, open: true, Noon - TimeSpan.FromMinutes(5));
        _log.Changed(Valve, open: false, Noon);
        _log.Changed(Valve, open: false, Noon + TimeSpan.FromMinutes(5));

        Assert.Equal(TimeSpan.FromMinutes(10), _log.OpenWithin(Valve, Noon + TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)));
    }

    [Fact]
    public void What_was_forgotten_for_want_of_room_is_not_known_and_the_rest_stays_right()
    {
        DateTimeOffset at = Noon;
        for (int i = 0; i < WateringLog.MaxChanges + 11; i++)
        {
            at += TimeSpan.FromMinutes(1);
            _log.Changed(Valve, open: i % 2 == 0, at);
        }

        // The last change was at an even number: open since then. Half of every kept stretch was open.
        Assert.Equal(TimeSpan.FromMinutes(60), _log.OpenWithin(Valve, at, TimeSpan.FromMinutes(120)));
        var slots = new float[48];
        _log.Fill(Valve, at, Quarter, slots);
        Assert.True(float.IsNaN(slots[0]));
        Assert.Equal(0.5f, slots[^1], 0.04f);
    }

    [Fact]
    public void More_valves_than_it_has_room_for_are_counted_and_change_nothing()
    {
        for (int i = 0; i < WateringLog.MaxTargets + 3; i++) _log.Changed($"actuator:valve:{i}", open: true, Noon);

        Assert.Equal(3, _log.Refused);
        Assert.Equal(TimeSpan.Zero, _log.OpenWithin($"actuator:valve:{WateringLog.MaxTargets}", Noon + Quarter, Quarter));
    }

    private float[] Slots(int count)
    {
        var slots = new float[count];
        _log.Fill(Valve, Noon, Quarter, slots);
        return slots;
    }

    private sealed class Close : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => Math.Abs(x - y) < 1e-5;

        public int GetHashCode(float obj) => 0;
    }
}
