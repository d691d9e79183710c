using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;
using static ClawMesh.Edge.Tests.Mesh.Transport.Messages;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public class SendQueueOverflowTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [Trait("spec", "W-155")]
    public void A_full_queue_drops_its_oldest_bulk_first()
    {
        SendQueue queue = Queue(messages: 4);
        foreach (OutboundMessage m in new[] { Control(1), Bulk(2, "a"), Bulk(3), Safety(4), Bulk(5, "b"), Control(6), Safety(7) }) Assert.True(queue.TryAdd(m));

        Assert.Equal([4, 7, 1, 6], queue.TakeNumbers());
        Assert.Equal((3, 0), (queue.Counters.Dropped, queue.Counters.DroppedSafety));
    }

    [Fact]
    [Trait("spec", "W-155")]
    [Trait("spec", "X-76")]
    public void Full_of_safety_and_control_it_refuses_what_comes_and_a_refused_alarm_is_told_apart()
    {
        SendQueue queue = Queue(messages: 3);
        foreach (OutboundMessage m in new[] { Safety(1), Control(2), Control(3) }) Assert.True(queue.TryAdd(m));

        Assert.False(queue.TryAdd(Bulk(4)));
        Assert.False(queue.TryAdd(Control(5)));
        Assert.False(queue.TryAdd(Safety(6)));

        Assert.Equal((3, 1), (queue.Counters.Dropped, queue.Counters.DroppedSafety));
        Assert.Equal([1, 2, 3], queue.TakeNumbers());
    }

    [Fact]
    [Trait("spec", "W-155")]
    public void Bytes_are_bounded_like_messages()
    {
        SendQueue queue = Queue(bytes: 1_000);
        queue.TryAdd(Bulk(1, bytes: 400));
        queue.TryAdd(Bulk(2, "a", bytes: 400));
        Assert.True(queue.TryAdd(Control(3, bytes: 300)));
        Assert.Equal(700, queue.Bytes);
        Assert.True(queue.TryAdd(Safety(4, bytes: 650)));
        Assert.Equal(950, queue.Bytes);
        Assert.False(queue.TryAdd(Bulk(5, bytes: 51)));

        Assert.Equal([4, 3], queue.TakeNumbers());
    }

    [Fact]
    [Trait("spec", "W-155")]
    public void A_replacement_that_grew_pushes_out_others_but_not_itself()
    {
        SendQueue queue = Queue(bytes: 1_000);
        queue.TryAdd(Bulk(1, "a", bytes: 100));
        queue.TryAdd(Bulk(2, bytes: 300));
        queue.TryAdd(Bulk(3, "b", bytes: 300));

        Assert.True(queue.TryAdd(Bulk(4, "a", bytes: 600)));

        Assert.Equal([4, 3], queue.TakeNumbers());
        Assert.Equal((1, 1), (queue.Counters.Coalesced, queue.Counters.Dropped));
    }

    [Fact]
    [Trait("spec", "W-155")]
    public void A_replacement_that_cannot_fit_leaves_the_waiting_one()
    {
        SendQueue queue = Queue(bytes: 1_000);
        queue.TryAdd(Control(1, bytes: 800));
        queue.TryAdd(Bulk(2, "a", bytes: 100));

        Assert.False(queue.TryAdd(Bulk(3, "a", bytes: 300)));

        Assert.Equal([1, 2], queue.TakeNumbers());
        Assert.Equal((0, 1), (queue.Counters.Coalesced, queue.Counters.Dropped));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("spec", "X-75")]
    public void The_key_table_is_bounded_and_the_oldest_key_goes(bool paced)
    {
        var queue = new SendQueue(_time, SendLimits.Default, paced ? Pace.Classic : null);
        for (int i = 0; i < 503; i++) Assert.True(queue.TryAdd(Bulk(i, $"{i}")));

        Assert.Equal((500, 3), (queue.Count, queue.Counters.Dropped));
        Assert.Equal(3, queue.TakeNumbers()[0]);
    }

    [Fact]
    [Trait("spec", "W-9")]
    public void A_message_of_more_than_a_mebibyte_is_never_sent()
    {
        var queue = new SendQueue(_time, SendLimits.Default with { MaxBytes = int.MaxValue });

        Assert.False(queue.TryAdd(Control(1, SendQueue.MaxMessageBytes + 1)));
        Assert.True(queue.TryAdd(Control(2, SendQueue.MaxMessageBytes)));
        Assert.Equal(1, queue.Counters.Dropped);
    }

    [Fact]
    [Trait("spec", "W-79")]
    [Trait("spec", "W-155")]
    [Trait("spec", "X-75")]
    [Trait("spec", "X-76")]
    public void Whatever_happens_the_bounds_the_order_and_the_sums_hold()
    {
        for (int seed = 1; seed <= 300; seed++) Churn(seed);
    }

    private static void Churn(int seed)
    {
        var random = new Random(seed);
        var time = new ManualTime();
        var limits = new SendLimits(random.Next(1, 30), random.Next(50, 1_000), random.Next(1, 12), TimeSpan.FromSeconds(30));
        Pace? pace = AnyPace(random);
        var queue = new SendQueue(time, limits, pace);
        var lastOfKey = new Dictionary<string, long>();
        var lastOfClass = new long[2];
        var urgentWaiting = new int[2];
        long added = 0;

        for (int step = 0; step < 600; step++)
        {
            switch (random.Next(12))
            {
                case < 7:
                    OutboundMessage message = Of((MessageClass)random.Next(3), ++added, random.Next(8, 200), random.Next(3) == 0 ? null : $"{random.Next(20)}");
                    bool accepted = queue.TryAdd(message);
                    if (accepted && message.Class != MessageClass.Bulk) urgentWaiting[(int)message.Class]++;
                    break;
                case < 10:
                    if (queue.TryTake(out OutboundMessage? taken, out TimeSpan wait)) Took(taken);
                    else Assert.True(queue.IsEmpty ? wait == Timeout.InfiniteTimeSpan : wait > TimeSpan.Zero || wait == Timeout.InfiniteTimeSpan, $"seed {seed}");
                    break;
                case 10:
                    time.Advance(TimeSpan.FromMilliseconds(random.Next(4_000)));
                    break;
                default:
                    if (random.Next(20) == 0) queue.SetPace(AnyPace(random));
                    break;
            }

            SendCounters c = queue.Counters;
            Assert.True(queue.Count <= limits.MaxMessages && queue.Bytes <= limits.MaxBytes && queue.Bytes >= 0, $"seed {seed}");
            Assert.True(added == c.Sent + c.Coalesced + c.Dropped + queue.Count, $"seed {seed}: {added} added, {c}, {queue.Count} waiting");
        }

        queue.SetPace(null);
        long bytes = queue.Bytes;
        int keyed = 0;
        foreach (OutboundMessage rest in queue.TakeAll())
        {
            bytes -= rest.Utf8.Length;
            if (rest is { Class: MessageClass.Bulk, Key: not null }) keyed++;
            Took(rest);
        }

        Assert.True(bytes == 0 && queue.Bytes == 0 && queue.IsEmpty, $"seed {seed}");
        Assert.True(keyed <= limits.MaxBulkKeys, $"seed {seed}");
        Assert.Equal([0, 0], urgentWaiting);

        void Took(OutboundMessage message)
        {
            for (int higher = 0; higher < Math.Min((int)message.Class, 2); higher++) Assert.True(urgentWaiting[higher] == 0, $"seed {seed}: {message.Class} overtook");
            if (message.Class == MessageClass.Bulk)
            {
                if (message.Key is null) return;
                Assert.True(lastOfKey.GetValueOrDefault(message.Key) < message.Number(), $"seed {seed}: key {message.Key} went back");
                lastOfKey[message.Key] = message.Number();
                return;
            }

            Assert.True(lastOfClass[(int)message.Class] < message.Number(), $"seed {seed}: {message.Class} went back");
            lastOfClass[(int)message.Class] = message.Number();
            urgentWaiting[(int)message.Class]--;
            if (message.Key is { } key) lastOfKey[key] = Math.Max(lastOfKey.GetValueOrDefault(key), message.Number());
        }
    }

    private static Pace? AnyPace(Random random) => random.Next(3) switch { 0 => null, 1 => new Pace(random.Next(1, 40), 3, 4), _ => Pace.Classic };

    private SendQueue Queue(int messages = 1_000, int bytes = 1_048_576) => new(_time, SendLimits.Default with { MaxMessages = messages, MaxBytes = bytes });
}
