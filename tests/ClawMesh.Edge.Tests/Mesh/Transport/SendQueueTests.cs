using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;
using static ClawMesh.Edge.Tests.Mesh.Transport.Messages;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public class SendQueueTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [Trait("spec", "X-73")]
    public void The_highest_class_leaves_first_and_within_a_class_first_come_first_served()
    {
        SendQueue queue = Queue();
        foreach (OutboundMessage m in new[] { Bulk(1), Control(2), Bulk(3, "k"), Safety(4), Bulk(5), Control(6), Safety(7) }) Assert.True(queue.TryAdd(m));

        Assert.Equal([4, 7, 2, 6, 1, 3, 5], queue.TakeNumbers());
        Assert.True(queue.IsEmpty);
        Assert.False(queue.TryTake(out _, out TimeSpan wait));
        Assert.Equal(Timeout.InfiniteTimeSpan, wait);
    }

    [Fact]
    [Trait("spec", "X-74")]
    public void A_newer_observation_takes_the_place_in_line_of_the_waiting_one()
    {
        SendQueue queue = Queue();
        queue.TryAdd(Bulk(1, "a"));
        queue.TryAdd(Bulk(2, "b"));
        queue.TryAdd(Bulk(3, "a", bytes: 100));

        Assert.Equal(108, queue.Bytes);
        Assert.Equal([3, 2], queue.TakeNumbers());
        Assert.Equal(1, queue.Counters.Coalesced);
        Assert.Equal(0, queue.Bytes);
    }

    [Fact]
    [Trait("spec", "X-75")]
    public void Messages_without_a_key_are_never_merged()
    {
        SendQueue queue = Queue();
        for (int i = 1; i <= 3; i++) queue.TryAdd(Bulk(i));

        Assert.Equal([1, 2, 3], queue.TakeNumbers());
    }

    [Fact]
    [Trait("spec", "W-79")]
    public void An_alarm_replaces_the_older_value_of_its_key_so_that_nothing_older_follows_it()
    {
        SendQueue queue = Queue(pace: Pace.Classic);
        queue.TryAdd(Bulk(1, "a"));
        queue.TryAdd(Bulk(2, "b"));
        queue.TryAdd(Safety(3, key: "a"));
        queue.TryAdd(Safety(4, key: "a"));

        Assert.Equal([3, 4, 2], queue.TakeNumbers());
        Assert.Equal((1, 2, 1), (queue.Counters.Coalesced, queue.Counters.SentSafety, queue.Counters.SentBulk));
    }

    [Fact]
    [Trait("spec", "X-74")]
    public void On_a_classic_link_ten_keys_leave_every_ten_seconds_each()
    {
        SendQueue queue = Queue(pace: Pace.Classic);
        Observe(queue, keys: 10);
        Assert.Equal(10, queue.TakeAll().Count);
        Observe(queue, keys: 10);

        Assert.Empty(queue.TakeAll());
        Assert.False(queue.TryTake(out _, out TimeSpan wait));
        Assert.InRange(wait, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Empty(queue.TakeAll());
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(10, queue.TakeAll().Count);
    }

    [Fact]
    [Trait("spec", "X-74")]
    public void A_key_in_its_interval_lets_others_pass()
    {
        SendQueue queue = Queue(pace: Pace.Classic);
        queue.TryAdd(Bulk(1, "a"));
        Assert.Equal([1], queue.TakeNumbers());
        queue.TryAdd(Bulk(2, "a"));
        queue.TryAdd(Bulk(3, "b"));
        queue.TryAdd(Bulk(4));

        Assert.Equal([3, 4], queue.TakeNumbers());
        _time.Advance(TimeSpan.FromSeconds(2.1));
        Assert.Equal([2], queue.TakeNumbers());
    }

    [Fact]
    [Trait("spec", "X-74")]
    public void Keys_not_seen_for_a_minute_no_longer_stretch_the_interval()
    {
        SendQueue queue = Queue(pace: Pace.Classic);
        Observe(queue, keys: 60);
        Assert.Equal(60, queue.TakeAll().Count);
        _time.Advance(TimeSpan.FromSeconds(61));
        queue.TryAdd(Bulk(1, "0"));
        Assert.Equal([1], queue.TakeNumbers());
        queue.TryAdd(Bulk(2, "0"));

        Assert.Empty(queue.TakeAll());
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal([2], queue.TakeNumbers());
    }

    [Fact]
    [Trait("spec", "X-74")]
    public void The_configured_interval_is_the_least()
    {
        var queue = new SendQueue(_time, SendLimits.Default with { MinKeyInterval = TimeSpan.FromSeconds(30) }, Pace.Classic);
        queue.TryAdd(Bulk(1, "a"));
        Assert.Equal([1], queue.TakeNumbers());
        queue.TryAdd(Bulk(2, "a"));

        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.Empty(queue.TakeAll());
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal([2], queue.TakeNumbers());
    }

    [Fact]
    [Trait("spec", "X-72")]
    public void Between_edge_nodes_the_interval_shrinks_with_the_pace()
    {
        SendQueue queue = Queue(pace: Pace.Edge);
        Observe(queue, keys: 200);
        Assert.Equal(200, queue.TakeAll().Count);
        Observe(queue, keys: 200);

        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Empty(queue.TakeAll());
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(200, queue.TakeAll().Count);
    }

    [Fact]
    public void An_unpaced_link_holds_nothing_back_and_lifting_the_pace_frees_what_waits()
    {
        SendQueue queue = Queue(pace: Pace.Classic);
        queue.TryAdd(Bulk(1, "a"));
        Assert.Equal([1], queue.TakeNumbers());
        queue.TryAdd(Bulk(2, "a"));
        Assert.Empty(queue.TakeAll());

        queue.SetPace(null);

        Assert.Equal([2], queue.TakeNumbers());
        for (int i = 3; i < 203; i++)
        {
            queue.TryAdd(Bulk(i, "a"));
            Assert.Equal([i], queue.TakeNumbers());
        }
    }

    [Fact]
    public void After_completion_nothing_is_added_and_the_rest_drains()
    {
        SendQueue queue = Queue();
        queue.TryAdd(Bulk(1));
        queue.Complete();

        Assert.False(queue.TryAdd(Bulk(2)));
        Assert.Equal([1], queue.TakeNumbers());
        Assert.True(queue.IsEmpty);
    }

    [Fact]
    [Trait("spec", "X-76")]
    public void The_counters_tell_what_became_of_the_messages_and_how_long_the_oldest_waits()
    {
        SendQueue queue = Queue(pace: Pace.Classic);
        for (int i = 0; i < 70; i++) queue.TryAdd(Bulk(i));
        Assert.Equal(65, queue.TakeAll().Count);
        _time.Advance(TimeSpan.FromSeconds(12));
        queue.TryAdd(Safety());
        queue.TryAdd(Control());
        Assert.Equal(2, queue.TakeAll().Count);

        Assert.Equal(new SendCounters(1, 1, 65, 0, 0, 0, queue.Counters.DeferredMs, 67), queue.Counters);
        Assert.InRange(queue.Counters.DeferredMs, 11_999, 12_000);
        Assert.InRange(queue.OldestWaiting.TotalSeconds, 11.999, 12);
    }

    [Fact]
    [Trait("spec", "W-155")]
    public void A_writer_that_does_not_come_back_for_30_s_is_stuck()
    {
        SendQueue queue = Queue();
        Assert.False(queue.IsStuck);
        queue.TryAdd(Bulk(1));
        Assert.True(queue.TryTake(out _, out _));

        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(queue.IsStuck);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(queue.IsStuck);

        Assert.False(queue.TryTake(out _, out _));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(queue.IsStuck);
    }

    [Fact]
    [Trait("spec", "W-155")]
    public void Waiting_for_the_pace_is_not_stuck()
    {
        SendQueue queue = Queue(pace: Pace.Classic);
        for (int i = 0; i < 66; i++) queue.TryAdd(Bulk(i));
        Assert.Equal(65, queue.TakeAll().Count);

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(queue.IsStuck);
        Assert.True(queue.OldestWaiting > SendLimits.Default.StuckAfter);
        _time.Advance(TimeSpan.FromSeconds(32));
        Assert.True(queue.IsStuck);
    }

    private static void Observe(SendQueue queue, int keys)
    {
        for (int k = 0; k < keys; k++) Assert.True(queue.TryAdd(Bulk(k, $"{k}")));
    }

    private SendQueue Queue(Pace? pace = null) => new(_time, SendLimits.Default, pace);
}
