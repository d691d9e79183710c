using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Core.Lifecycle;

public class EventLogTests
{
    private readonly ManualTime _time = new();
    private readonly EventLog _log;

    public EventLogTests() => _log = new EventLog(_time);

    [Fact]
    public void Events_are_numbered_from_one_and_dated_unless_they_bring_their_own_time()
    {
        DateTimeOffset own = DateTimeOffset.UnixEpoch.AddDays(1);
        _log.Publish(Event("a"));
        _log.Publish(Event("b") with { Sequence = 99, At = own });

        IReadOnlyList<EdgeEvent> events = _log.Newest(10);

        Assert.Equal([(2, "b", own), (1, "a", _time.GetUtcNow())], events.Select(e => (e.Sequence, e.Subject, e.At)));
    }

    [Fact]
    public void Nothing_was_published_yet() => Assert.Empty(_log.Newest(10));

    [Fact]
    [Trait("spec", "W-139")]
    public void The_ring_keeps_the_newest_500_in_order()
    {
        for (int i = 0; i < 1234; i++) _log.Publish(Event($"{i}"));

        IReadOnlyList<EdgeEvent> all = _log.Newest(10_000);

        Assert.Equal(1234, _log.Count);
        Assert.Equal(Enumerable.Range(735, 500).Reverse().Select(i => (long)i), all.Select(e => e.Sequence));
    }

    [Fact]
    public void The_limit_counts_what_passes_the_filter()
    {
        for (int i = 1; i <= 20; i++) _log.Publish(Event($"{i}", i % 5 == 0 ? EventSeverity.Error : EventSeverity.Info));

        Assert.Equal([20L, 15L], _log.Newest(2, e => e.Severity == EventSeverity.Error).Select(e => e.Sequence));
        Assert.Empty(_log.Newest(0));
        Assert.Empty(_log.Newest(-1));
    }

    [Fact]
    public void Listeners_hear_every_event_once_numbered_and_in_order_from_many_threads()
    {
        var heard = new List<long>();
        _log.Published += e => heard.Add(e.Sequence);
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(t => new Thread(() =>
        {
            for (int i = 0; i < 500; i++) _log.Publish(Event($"{t}"));
        }))];

        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();

        Assert.Equal(Enumerable.Range(1, 2000).Select(i => (long)i), heard);
    }

    [Fact]
    public void What_steers_a_terminal_is_blank_before_anybody_hears_it_and_clean_text_is_left_as_it_is()
    {
        const string clean = "'Ventil-Süd' öffnet – 3,5 °C";
        EdgeEvent? heard = null;
        _log.Published += e => heard = e;

        _log.Publish(Event("a\u001b[2J") with { Message = "one\ntwo\u202e", Trace = "cmd\r\u0007" });
        Assert.Equal(("a [2J", "one two ", "cmd  "), (heard!.Subject, heard.Message, heard.Trace));
        _log.Publish(Event("a") with { Message = clean });
        Assert.Same(clean, heard!.Message);
        Assert.Null(heard.Trace);
        _log.Publish(Event("a") with { Message = new string('x', 20_000) });
        Assert.Equal(EventLog.MaxText + 1, heard!.Message.Length);
    }

    private static EdgeEvent Event(string subject, EventSeverity severity = EventSeverity.Info) => new(0, default, EventTypes.Startup, severity, subject, "");
}
