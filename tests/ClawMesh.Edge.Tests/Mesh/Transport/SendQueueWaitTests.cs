using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;
using static ClawMesh.Edge.Tests.Mesh.Transport.Messages;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public class SendQueueWaitTests
{
    private readonly ManualTime _time = new();
    private readonly SendQueue _queue;

    public SendQueueWaitTests() => _queue = new SendQueue(_time, SendLimits.Default, Pace.Classic);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_added_before_the_wait_ends_it_at_once_and_only_once()
    {
        _queue.TryAdd(Bulk());

        Assert.True(_queue.WaitAsync(Timeout.InfiniteTimeSpan, Cancel).IsCompletedSuccessfully);

        Task second = _queue.WaitAsync(Timeout.InfiniteTimeSpan, Cancel);
        Assert.False(second.IsCompleted);
        _queue.TryAdd(Bulk());
        await second;
    }

    [Fact]
    public async Task It_ends_by_the_clock_and_forgets_no_later_signal()
    {
        Task wait = _queue.WaitAsync(TimeSpan.FromSeconds(5), Cancel);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await wait;

        _queue.TryAdd(Safety());

        Assert.True(_queue.WaitAsync(TimeSpan.FromSeconds(5), Cancel).IsCompletedSuccessfully);
        Assert.True(_queue.WaitAsync(TimeSpan.Zero, Cancel).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_cancelled_wait_throws_and_forgets_no_later_signal()
    {
        using var source = new CancellationTokenSource();
        Task wait = _queue.WaitAsync(TimeSpan.FromSeconds(5), source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);

        _queue.TryAdd(Safety());

        Assert.True(_queue.WaitAsync(TimeSpan.FromSeconds(5), Cancel).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Completion_and_a_new_pace_wake_the_writer()
    {
        for (int i = 0; i < 66; i++) _queue.TryAdd(Bulk());
        _queue.TakeAll();
        await _queue.WaitAsync(TimeSpan.Zero, Cancel);
        Task wait = _queue.WaitAsync(Timeout.InfiniteTimeSpan, Cancel);
        _queue.SetPace(Pace.Edge);
        await wait;

        wait = _queue.WaitAsync(Timeout.InfiniteTimeSpan, Cancel);
        _queue.Complete();
        await wait;
    }

    [Fact]
    public async Task A_replaced_observation_wakes_nobody_since_nothing_more_may_leave()
    {
        _queue.TryAdd(Bulk(1, "a"));
        await _queue.WaitAsync(TimeSpan.Zero, Cancel);

        _queue.TryAdd(Bulk(2, "a"));

        Assert.False(_queue.WaitAsync(TimeSpan.FromSeconds(1), Cancel).IsCompleted);
    }

    [Fact]
    [Trait("spec", "X-76")]
    public async Task Many_who_add_and_one_who_takes_lose_nothing()
    {
        const int Adders = 4, Each = 20_000;
        var queue = new SendQueue(TimeProvider.System, new SendLimits(200, 10_000, 20, TimeSpan.FromSeconds(30)));
        long taken = 0;
        Task taker = Task.Run(async () =>
        {
            while (true)
            {
                while (queue.TryTake(out _, out TimeSpan wait))
                {
                    taken++;
                    Assert.Equal(TimeSpan.Zero, wait);
                }

                // No clock in this loop: a lost signal would hang it until the test is cancelled.
                if (queue.Counters is { Sent: var sent, Coalesced: var coalesced, Dropped: var dropped } && sent + coalesced + dropped == Adders * Each + 1) return;
                await queue.WaitAsync(Timeout.InfiniteTimeSpan, Cancel);
            }
        }, Cancel);

        await Task.WhenAll(Enumerable.Range(0, Adders).Select(a => Task.Run(() =>
        {
            var random = new Random(a);
            for (int i = 0; i < Each; i++) queue.TryAdd(Of((MessageClass)random.Next(3), i, random.Next(8, 300), random.Next(2) == 0 ? null : $"{random.Next(40)}"));
        }, Cancel)));
        queue.TryAdd(Safety());
        await taker;

        Assert.Equal(taken, queue.Counters.Sent);
        Assert.Equal((0, 0L), (queue.Count, queue.Bytes));
    }
}
