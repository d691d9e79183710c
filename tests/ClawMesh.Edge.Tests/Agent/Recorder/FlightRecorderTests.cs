using System.Text.Json;
using ClawMesh.Edge.Agent.Recorder;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Tests.Agent.Recorder;

public sealed class FlightRecorderTests : IAsyncDisposable
{
    private readonly RecorderBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public void Every_second_shows_outputs_sensors_and_the_node()
    {
        _bench.Run(20);
        _bench.Recorder.Close();

        List<JsonElement> seconds = _bench.Export("second");
        Assert.Equal(20, seconds.Count);
        JsonElement one = seconds[5];
        Assert.Equal(("actuation_ready", "ready", 2, 45_000), (one.GetProperty("readiness").GetString(), one.GetProperty("journal").GetString(), one.GetProperty("peers").GetInt32(), one.GetProperty("memoryKiB").GetInt32()));
        JsonElement valve = one.GetProperty(PermitDesk.Valve.Value);
        Assert.Equal((0, 0), (valve.GetProperty("commanded").GetInt32(), valve.GetProperty("readBack").GetInt32()));
        JsonElement level = one.GetProperty(RecorderBench.Level.Value);
        Assert.Equal((61.5, 6_000, "active"), (level.GetProperty("value").GetDouble(), level.GetProperty("ageMs").GetInt32(), level.GetProperty("state").GetString()));
        Assert.Empty(_bench.Export("burst"));
    }

    [Fact]
    public async Task An_actuation_is_recorded_at_full_rate_from_two_seconds_before_to_five_after()
    {
        _bench.Run(10);
        DateTimeOffset asked = _bench.Desk.Time.GetUtcNow();
        await _bench.Desk.AskAsync(_bench.Desk.Command(seconds: 60));
        _bench.Run(20);
        _bench.Recorder.Close();

        List<JsonElement> burst = _bench.Export("burst");
        Assert.InRange(burst.Count, 340, 360);
        Assert.InRange(RecorderBench.At(burst[0]), asked - TimeSpan.FromSeconds(2.05), asked - TimeSpan.FromSeconds(1.9));
        Assert.InRange(RecorderBench.At(burst[^1]), asked + TimeSpan.FromSeconds(4.9), asked + TimeSpan.FromSeconds(5.1));
        JsonElement before = burst.Last(s => RecorderBench.At(s) <= asked).GetProperty(PermitDesk.Valve.Value);
        JsonElement after = burst.First(s => RecorderBench.At(s) > asked).GetProperty(PermitDesk.Valve.Value);
        Assert.Equal((0, 1), (before.GetProperty("commanded").GetInt32(), after.GetProperty("commanded").GetInt32()));
        Assert.False(before.TryGetProperty("leaseMs", out _));
        Assert.InRange(after.GetProperty("leaseMs").GetInt32(), 59_900, 60_000);
    }

    [Fact]
    public async Task The_end_of_a_lease_a_latch_and_a_fault_are_each_a_burst()
    {
        await _bench.Desk.AskAsync(_bench.Desk.Command(seconds: 20));
        _bench.Run(40);
        DateTimeOffset latched = _bench.Desk.Time.GetUtcNow();
        await _bench.Desk.Desk.SafeStateAsync("operator:test");
        _bench.Run(30);
        DateTimeOffset fault = _bench.Desk.Time.GetUtcNow();
        _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.DriverState, EventSeverity.Warning, "sensor:x", "degraded"));
        _bench.Run(20);
        _bench.Recorder.Close();

        List<JsonElement> burst = _bench.Export("burst");
        Assert.Contains(burst, s => RecorderBench.At(s) > latched && s.GetProperty(PermitDesk.Valve.Value).TryGetProperty("latched", out _));
        Assert.Contains(burst, s => RecorderBench.At(s) > fault - TimeSpan.FromSeconds(1.9) && RecorderBench.At(s) < fault);
        // Between them nothing: twelve seconds into the forty no sample was kept.
        DateTimeOffset quiet = latched - TimeSpan.FromSeconds(28);
        Assert.DoesNotContain(burst, s => RecorderBench.At(s) > quiet && RecorderBench.At(s) < quiet + TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task A_step_of_the_wall_clock_does_not_confuse_what_a_burst_holds()
    {
        _bench.Run(5);
        await _bench.Desk.AskAsync(_bench.Desk.Command(seconds: 60));
        _bench.Desk.Time.StepWallClock(TimeSpan.FromDays(-3));
        _bench.Run(15);
        _bench.Recorder.Close();

        double[] uptimes = [.. _bench.Export("burst").Select(s => s.GetProperty("uptimeMs").GetDouble())];
        Assert.InRange(uptimes.Length, 340, 360);
        Assert.Equal(uptimes.Order(), uptimes);
    }

    [Fact]
    public async Task At_rest_the_disk_is_written_every_ten_seconds_and_in_a_burst_every_second()
    {
        _bench.Run(60);
        int atRest = _bench.Disk.Appends;
        await _bench.Desk.AskAsync(_bench.Desk.Command(seconds: 60));
        _bench.Run(4);

        // The layout once, then one write each.
        Assert.InRange(atRest, 6, 7);
        Assert.InRange(_bench.Disk.Appends - atRest, 4, 5);
    }

    [Fact]
    public void A_late_tick_is_seen_at_full_measure()
    {
        _bench.Run(3);
        _bench.Desk.Time.Advance(TimeSpan.FromMilliseconds(350));
        _bench.Run(3);
        _bench.Recorder.Close();

        Assert.InRange(_bench.Export("second").Max(s => s.GetProperty("tickLateUs").GetInt32()), 349_000, 351_000);
    }

    [Fact]
    public void A_full_disk_stops_the_recording_with_one_event_and_is_asked_again_after_a_minute()
    {
        _bench.Run(20);
        (_bench.Disk.Full, _bench.Disk.TornAt) = (true, 7);

        _bench.Run(300);
        int tried = _bench.Disk.Appends;
        IReadOnlyList<EdgeEvent> told = _bench.Desk.Events.Newest(50, e => e.Subject == "flight recorder");
        _bench.Disk.Full = false;
        _bench.Run(70);
        _bench.Recorder.Close();

        Assert.Equal(EventSeverity.Warning, Assert.Single(told).Severity);
        Assert.InRange(tried, 6, 14);
        Assert.Equal("The flight recorder writes again.", _bench.Desk.Events.Newest(1, e => e.Subject == "flight recorder")[0].Message);
        var counts = new RecorderCounts();
        List<JsonElement> all = _bench.Export(null, counts);
        Assert.True(counts.SkippedBytes > 0, "what was torn was not found");
        Assert.Contains(all, r => RecorderBench.Kind(r) == "second" && RecorderBench.At(r) > _bench.Desk.Time.GetUtcNow() - TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_storm_of_events_is_cut_and_the_loss_is_said()
    {
        for (int i = 0; i < 10_000; i++) _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.PeerFault, EventSeverity.Warning, "mesh", "again"));
        _bench.Run(5);
        _bench.Recorder.Close();

        int events = _bench.Export("event").Count;
        Assert.InRange(events, 150, 260);
        Assert.Equal(10_000 - events, _bench.Export("second")[^1].GetProperty("lostEvents").GetInt32());
    }

    [Fact]
    public void Full_rate_without_end_is_cut_to_four_minutes_of_an_hour()
    {
        for (int i = 0; i < 400; i++)
        {
            _bench.Ring.Trigger(_bench.Desk.Time.GetTimestamp());
            _bench.Run(1);
        }

        _bench.Recorder.Close();

        Assert.InRange(_bench.Export("burst").Count, 240 * 45, 280 * 50);
        Assert.True(_bench.Export("second")[^1].TryGetProperty("burstsSpent", out _));
    }

    [Fact]
    public async Task A_trace_leads_to_its_events_and_what_was_around_them()
    {
        _bench.Run(30);
        await _bench.Desk.AskAsync(_bench.Desk.Command(seconds: 3, id: "trace-1"));
        _bench.Run(30);
        await _bench.Desk.AskAsync(_bench.Desk.Command(seconds: 3, id: "trace-2"));
        _bench.Run(30);
        // The chronicle tells the ends of leases on a thread of its own.
        Assert.True(SpinWait.SpinUntil(() => _bench.Desk.Changes.Count == 2, TimeSpan.FromSeconds(10)));
        _bench.Recorder.Close();

        RecorderSpan span = _bench.Reader.FindTrace("trace-1")!;
        List<JsonElement> found = _bench.Export(span);

        Assert.Null(_bench.Reader.FindTrace("trace-3"));
        Assert.InRange(span.To - span.From, TimeSpan.FromSeconds(9.9), TimeSpan.FromSeconds(10.1));
        Assert.Equal(["actuation.decision", "actuation.outcome", "actuation.state"], found.Where(r => RecorderBench.Kind(r) == "event").Select(e => e.GetProperty("type").GetString()));
        Assert.All(found.Where(r => RecorderBench.Kind(r) == "event"), e => Assert.Equal("trace-1", e.GetProperty("trace").GetString()));
        Assert.InRange(found.Count(r => RecorderBench.Kind(r) == "second"), 9, 11);
        Assert.InRange(found.Count(r => RecorderBench.Kind(r) == "burst"), 480, 510);
    }

    [Fact]
    public void A_peer_that_is_refused_again_and_again_pushes_out_nothing_that_was_done_and_writes_no_card_full()
    {
        for (int second = 0; second < 300; second++)
        {
            for (int i = 0; i < 20; i++) _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.ActuationOutcome, EventSeverity.Warning, "v", "refused"));
            if (second % 10 == 0) _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.PeerFault, EventSeverity.Info, "mesh", "other"));
            _bench.Run(1);
        }

        int appends = _bench.Disk.Appends;
        for (int i = 0; i < 300; i++) _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.ActuationOutcome, EventSeverity.Warning, "v", "refused"));
        _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.ActuationDecision, EventSeverity.Info, "v", "granted"));
        _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.Latch, EventSeverity.Error, "v", "latched"));
        for (int i = 0; i < 300; i++) _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.ActuationOutcome, EventSeverity.Warning, "v", "refused"));
        _bench.Run(1);
        _bench.Recorder.Close();

        List<string?> told = [.. _bench.Export("event").Select(e => e.GetProperty("message").GetString())];
        Assert.InRange(told.Count(m => m == "refused"), 30, 70);
        Assert.Equal(30, told.Count(m => m == "other"));
        Assert.Equal((1, 1), (told.Count(m => m == "granted"), told.Count(m => m == "latched")));
        Assert.True(told.IndexOf("granted") < told.IndexOf("latched"));
        Assert.InRange(appends, 25, 40);
    }

    [Fact]
    public async Task A_sensor_that_fails_again_and_again_leaves_full_rate_for_actuations()
    {
        for (int i = 0; i < 400; i++)
        {
            _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.DriverState, EventSeverity.Warning, "sensor:x", "degraded"));
            _bench.Run(1);
        }

        int faults = _bench.Export("burst").Count;
        DateTimeOffset asked = _bench.Desk.Time.GetUtcNow();
        await _bench.Desk.AskAsync(_bench.Desk.Command(seconds: 60));
        _bench.Run(10);
        _bench.Recorder.Close();

        Assert.InRange(faults, 50 * 45, 85 * 50);
        Assert.InRange(_bench.Export("burst").Count(s => RecorderBench.At(s) > asked - TimeSpan.FromSeconds(2)), 330, 360);
    }

    [Fact]
    public void Events_that_a_full_disk_did_not_take_are_counted_as_lost()
    {
        _bench.Run(20);
        _bench.Disk.Full = true;
        for (int i = 0; i < 12; i++) _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.PeerFault, EventSeverity.Info, "mesh", "unheard"));
        _bench.Run(30);
        _bench.Disk.Full = false;
        _bench.Run(70);
        _bench.Recorder.Close();

        Assert.DoesNotContain(_bench.Export("event"), e => e.GetProperty("message").GetString() == "unheard");
        Assert.InRange(_bench.Export("second")[^1].GetProperty("lostEvents").GetInt32(), 12, 13);
    }

    [Fact]
    public async Task A_bug_of_the_recorder_ends_the_recording_with_one_event_and_nothing_else()
    {
        var broken = new FlightRecorder(
            new RecorderLayout("boot", "1", "bench", [], [], []), new BurstRing(0, [], _bench.Desk.Readings, RecorderBench.Tick, _bench.Desk.Time), new SegmentRing(new MemoryDisk(), 1 << 20), [],
            _bench.Desk.Readings, _ => throw new InvalidOperationException("a bug"), _bench.Desk.Events, _bench.Desk.Time);
        Task running = broken.RunAsync(TestContext.Current.CancellationToken);

        _bench.Desk.Time.Advance(TimeSpan.FromSeconds(1));
        await running;
        broken.Close();

        EdgeEvent told = Assert.Single(_bench.Desk.Events.Newest(50, e => e.Subject == "flight recorder"));
        Assert.Contains("a bug", told.Message, StringComparison.Ordinal);
        Assert.True(told.OperatorOnly);
    }

    [Fact]
    public void The_longest_names_still_fit_one_record_and_keep_the_end_that_tells_them_apart()
    {
        string[] Names(int count) => [.. Enumerable.Range(0, count).Select(i => new string('ä', 500) + i.ToString("000", System.Globalization.CultureInfo.InvariantCulture))];
        var layout = new RecorderLayout("boot", "1", "site", Names(RecorderLayout.MaxOutputs), Names(RecorderLayout.MaxOutputs), Names(RecorderLayout.MaxSensors));

        byte[] written = layout.Write();

        Assert.InRange(written.Length, 1, RecordFraming.MaxPayload);
        byte[] record = new byte[written.Length + RecordFraming.Overhead];
        RecordFraming.Write(record, RecordKind.Layout, written);
        int at = 0;
        long skipped = 0;
        Assert.True(RecordFraming.TryNext(record, ref at, ref skipped, out _, out ReadOnlySpan<byte> payload));
        Assert.EndsWith("511", RecorderLayout.Read(payload)!.Sensors[^1], StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => RecordFraming.Write(new byte[70_000], RecordKind.Event, new byte[RecordFraming.MaxPayload + 1]));
    }

    [Fact]
    public void In_csv_nothing_that_an_event_says_is_a_formula_and_a_number_stays_one()
    {
        _bench.Desk.Readings.Set(RecorderBench.Level, -3.5);
        _bench.Desk.Events.Publish(new EdgeEvent(0, default, EventTypes.PeerFault, EventSeverity.Info, "@peer", "=HYPERLINK(1)"));
        _bench.Run(2);
        _bench.Recorder.Close();
        using var text = new StringWriter();

        _bench.Reader.Export(new RecorderSpan(DateTimeOffset.MinValue, DateTimeOffset.MaxValue), csv: true, text);

        Assert.Contains(",event,'@peer,peer.fault,'=HYPERLINK(1)", text.ToString(), StringComparison.Ordinal);
        Assert.Contains(",value,-3.5", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_too_long_for_a_segment_is_passed_over_and_told()
    {
        _bench.Run(5);
        _bench.Recorder.Close();
        _bench.Disk.Foreign = new RecorderSegment(99, SegmentRing.LargestSegment + 1);
        var counts = new RecorderCounts();

        Assert.NotEmpty(_bench.Export(null, counts));

        Assert.Equal(SegmentRing.LargestSegment + 1, counts.SkippedBytes);
    }

    [Fact]
    public void Sampling_allocates_nothing()
    {
        OutputGlance[] glances = [new(true, false, false, false, 1, 99)];
        OutputGlance[] others = [new(false, true, true, false, 0, 0)];
        for (int i = 1; i < 100; i++) _bench.Ring.Ticked(i * 60_000L, i % 2 == 0 ? glances : others);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 100; i < 5_000; i++) _bench.Ring.Ticked(i * 60_000L, i % 2 == 0 ? glances : others);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_place_that_was_written_again_is_not_given_out()
    {
        _bench.Run(1);
        long first = _bench.Ring.Oldest;
        var sample = new BurstSample(1, 1);
        Assert.True(_bench.Ring.TryCopy(first, sample));

        _bench.Run(10);

        Assert.False(_bench.Ring.TryCopy(first, sample));
        Assert.False(_bench.Ring.TryCopy(_bench.Ring.Written, sample));
        Assert.True(_bench.Ring.TryCopy(_bench.Ring.Oldest, sample));
    }
}
