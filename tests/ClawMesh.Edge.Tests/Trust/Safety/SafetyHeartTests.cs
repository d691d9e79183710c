using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Tests.Trust.Safety;

public sealed class SafetyHeartTests
{
    private readonly ManualTime _time = new();
    private readonly CountedBeats _watchdog = new();
    private bool _blocked;

    [Fact]
    public void A_watchdog_hears_as_often_as_it_wants_while_the_tick_runs()
    {
        SafetyHeart heart = Heart(withhold: false);

        Ticks(heart, seconds: 10);

        Assert.Equal(5, _watchdog.Beats);
    }

    [Fact]
    public void Nobody_hears_anything_once_the_tick_has_died()
    {
        SafetyHeart heart = Heart(withhold: false);
        Ticks(heart, seconds: 4);

        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(2, _watchdog.Beats);
    }

    [Fact]
    public void A_blocked_bus_silences_the_heart_only_where_the_policy_says_so()
    {
        _blocked = true;

        Ticks(Heart(withhold: false), seconds: 4);
        int beating = _watchdog.Beats;
        SafetyHeart strict = Heart(withhold: true);
        Ticks(strict, seconds: 60);
        int silent = _watchdog.Beats - beating;
        _blocked = false;
        Ticks(strict, seconds: 1);

        Assert.Equal(2, beating);
        Assert.Equal(0, silent);
        Assert.Equal(beating + 1, _watchdog.Beats);
    }

    [Fact]
    public void A_beat_allocates_nothing()
    {
        SafetyHeart heart = Heart(withhold: true);
        Ticks(heart, seconds: 2);
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 1000; i++) heart.AfterTick();

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private SafetyHeart Heart(bool withhold) => new([_watchdog], () => _blocked, withhold, _time);

    private void Ticks(SafetyHeart heart, int seconds)
    {
        for (int i = 0; i < seconds * 50; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(20));
            heart.AfterTick();
        }
    }

    private sealed class CountedBeats : IHeartbeat
    {
        public TimeSpan Every => TimeSpan.FromSeconds(2);

        public int Beats { get; private set; }

        public void Beat() => Beats++;
    }
}
