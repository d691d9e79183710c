using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Mesh.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Node;

/// <summary>What the peers' word does to the class of the clock ([X-37]), on a machine without any source of its own.</summary>
public sealed class ClockKeeperTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly ManualTime _time = new();
    private readonly NodeClock _clock;
    private readonly ClockKeeper _keeper;
    private PeerClockVote? _vote;
    private bool _disciplined;

    public ClockKeeperTests()
    {
        _clock = new NodeClock(_time);
        _keeper = new ClockKeeper(_clock, _scratch.At("clock.json"), () => null, () => _vote)
        {
            Kernel = () => new KernelClockReading(_disciplined, 3, double.NaN, double.NaN, "test"), HcToSys = _scratch.At("hctosys"),
        };
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    [Trait("spec", "X-37")]
    public void A_clock_without_a_source_is_lifted_by_two_peers_that_agree_and_never_moved()
    {
        Assert.Equal(ClockClass.Unsynchronised, Class());
        Assert.Contains("two Edge peers", _keeper.Facts().Clears, StringComparison.Ordinal);
        DateTimeOffset wall = _clock.GetUtcNow();

        Hear(1);
        Assert.Equal(ClockClass.Unsynchronised, Class());
        Hear(1, -2);
        Assert.Equal(ClockClass.Peers, Class());
        Assert.Contains("2 of 2", _keeper.Facts().Source, StringComparison.Ordinal);

        // Told over and over that it is wrong, it still reads what it read.
        Hear(3600, 3600, 3600);
        Assert.Equal(ClockClass.Unsynchronised, Class());
        Assert.Equal((TimeSpan.Zero, _time.GetUtcNow()), (_clock.Offset, _clock.GetUtcNow()));
        Assert.True(_clock.GetUtcNow() - wall < TimeSpan.FromMinutes(1));
    }

    [Fact]
    [Trait("spec", "X-37")]
    public void One_lying_peer_among_three_neither_lifts_a_clock_nor_takes_its_class()
    {
        Hear(0, 0, 0);
        Assert.Equal(ClockClass.Peers, Class());
        foreach (double lie in (double[])[3600, -3600, 11, 1e9])
        {
            Hear(lie, 0, 0);
            Assert.Equal(ClockClass.Peers, Class());
        }

        // The clock is wrong, and the liar alone vouches for it.
        Hear(0, 3600, 3600);
        Assert.Equal(ClockClass.Unsynchronised, Class());
        _disciplined = true;
        Hear(-3600, 0.2, 0.1);
        Assert.Equal(ClockClass.Synchronised, Class());
    }

    [Fact]
    [Trait("spec", "X-37")]
    public void Most_of_the_peers_contradict_even_a_clock_with_a_source_and_the_facts_say_what_clears_it()
    {
        _disciplined = true;
        Hear(60, 61, 0);

        Assert.Equal(ClockClass.Unsynchronised, Class());
        ClockFacts facts = _keeper.Facts();
        Assert.Contains("2 of 3 Edge peers contradict it: their clocks are 60 s ahead", facts.Source, StringComparison.Ordinal);
        Assert.Contains("set the peers right", facts.Clears, StringComparison.Ordinal);
        Assert.Equal(60, facts.Peers!.Median!.Value.TotalSeconds);

        Hear(60, 1, 0);
        Assert.Equal(ClockClass.Synchronised, Class());
    }

    [Fact]
    [Trait("spec", "X-37")]
    public void What_peers_confirmed_holds_without_them_until_the_clock_is_stepped()
    {
        Hear(0, 0);
        Assert.Equal(ClockClass.Peers, Class());
        _vote = PeerClockVote.None;
        _time.Advance(TimeSpan.FromHours(5));
        Assert.Equal(ClockClass.Peers, Class());

        _time.StepWallClock(TimeSpan.FromSeconds(20));
        Assert.Equal(ClockClass.Unsynchronised, Class());
        _time.StepWallClock(TimeSpan.FromSeconds(-20));
        Assert.Equal(ClockClass.Unsynchronised, Class());
    }

    [Fact]
    public void The_change_is_an_event_once_and_the_start_is_none()
    {
        var events = new EventLog(_time);
        var watch = new ClockWatch(_keeper.Facts, events, _time);
        Look();
        Assert.Empty(Said());
        Hear(0, 0);
        Look();
        Look();
        Assert.Contains("believed again (peers)", Assert.Single(Said()).Message, StringComparison.Ordinal);
        Hear(-99, -99);
        Look();
        Look();
        Assert.Equal(2, Said().Count);
        Assert.Contains(Said(), e => e.Severity == EventSeverity.Warning && e.Message.StartsWith("[CLOCK_UNSYNCED] 2 of 2", StringComparison.Ordinal));
        for (int i = 0; i < 500; i++)
        {
            Hear(i % 2 == 0 ? [0, 0] : [99, 99]);
            Look();
        }

        Assert.InRange(Said().Count, 10, 40);

        void Look()
        {
            _time.Advance(TimeSpan.FromSeconds(1.1));
            watch.Look();
        }

        IReadOnlyList<EdgeEvent> Said() => events.Newest(EventLog.Capacity, e => e.Type == EventTypes.Clock);
    }

    private void Hear(params double[] seconds) => _vote = PeerClockVote.Of([.. seconds.Select(TimeSpan.FromSeconds)]);

    // Facts are asked anew at most once a second.
    private ClockClass Class()
    {
        _time.Advance(TimeSpan.FromSeconds(1.1));
        return _keeper.Class;
    }
}
