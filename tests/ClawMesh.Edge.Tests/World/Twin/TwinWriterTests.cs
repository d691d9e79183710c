using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

public class TwinWriterTests
{
    private readonly TwinBench _bench = new();

    [Fact]
    public void A_reading_is_shown_with_its_unit_its_tier_and_where_it_came_from()
    {
        Assert.True(_bench.Fold(TwinBench.Frame("""{"zone":"zone-1","metric":"moisture","value":21.5,"unit":"%","simulated":true}""", TwinBench.Peer, _bench.Now, "f1", name: "north"), EvidenceTier.UnverifiedObservation));

        TwinProperty moisture = _bench.Moisture!;
        Assert.Equal((21.5, "%", EvidenceTier.UnverifiedObservation, true, TwinBench.Peer.Value, "f1", Freshness.Fresh),
            (moisture.Value!.Value, moisture.Unit, moisture.Tier, moisture.Simulated, moisture.Origin, moisture.FrameId, moisture.Freshness));
        Assert.Equal(["sensor"], moisture.Sources);
        TwinSnapshot twin = _bench.Twin.Current;
        Assert.Equal(EntityKind.Zone, twin.Entities["zone:zone-1"].Kind);
        Assert.Equal("north", twin.Find($"node:{TwinBench.Peer}", "name")!.Text);
        Assert.Equal("observation", twin.Find($"node:{TwinBench.Peer}", "heard")!.Text);
    }

    [Fact]
    public void A_statement_without_a_number_replaces_the_number_and_says_why_there_is_none()
    {
        _bench.Say(20);
        _bench.Fold(TwinBench.Frame("""{"zone":"zone-1","metric":"moisture","unit":"%","status":"implausible"}""", timestamp: _bench.Now + 1), EvidenceTier.UnverifiedObservation);

        Assert.Null(_bench.Moisture!.Value);
        Assert.Equal("implausible", _bench.Moisture.Text);
    }

    [Fact]
    [Trait("spec", "W-79")]
    public void The_newest_statement_counts_and_not_the_last_to_arrive()
    {
        _bench.Say(20, timestamp: _bench.Now - 1_000, id: "m");
        Assert.False(_bench.Say(10, timestamp: _bench.Now - 2_000, id: "z"));
        Assert.False(_bench.Say(11, timestamp: _bench.Now - 1_000, id: "a"));
        Assert.Equal(20, _bench.Moisture!.Value);
        Assert.True(_bench.Say(12, TwinBench.Other, _bench.Now - 1_000, "n"));
        Assert.Equal(12, _bench.Moisture!.Value);
        Assert.Equal(2, _bench.Twin.Counts.Late);
    }

    [Theory]
    [Trait("spec", "W-80")]
    [InlineData(300_000, true)]
    [InlineData(300_001, false)]
    public void A_statement_from_too_far_in_the_future_never_becomes_current(long ahead, bool current)
    {
        Assert.Equal(current, _bench.Say(20, timestamp: _bench.Now + ahead));
        Assert.Equal(current, _bench.Moisture is not null);
        Assert.Equal(current ? 0 : 1, _bench.Twin.Counts.FromFuture);
    }

    [Fact]
    public void A_hybrid_time_counts_only_when_it_was_verified()
    {
        string later = $"{_bench.Now + 2_000:x12}0000bbbbbbbb";
        _bench.Twin.Fold(TwinBench.Frame(TwinBench.Moist(20), timestamp: _bench.Now), EvidenceTier.OperationalObservation, own: false, later);
        Assert.False(_bench.Say(21, timestamp: _bench.Now + 1_000));
        Assert.Equal(20, _bench.Moisture!.Value);

        string farAhead = $"{_bench.Now + 400_000:x12}0000bbbbbbbb";
        Assert.False(_bench.Twin.Fold(TwinBench.Frame(TwinBench.Moist(22), timestamp: _bench.Now), EvidenceTier.OperationalObservation, own: false, farAhead));
    }

    [Theory]
    [InlineData("inference", "sensor", EvidenceTier.OperationalObservation)]
    [InlineData("observation", "llm", EvidenceTier.OperationalObservation)]
    [InlineData("observation", "mixed", EvidenceTier.OperationalObservation)]
    [InlineData("observation", "sensor,llm", EvidenceTier.VerifiedActionEvidence)]
    [InlineData("observation", "sensor", EvidenceTier.PlanningInference)]
    public void What_a_model_said_stands_beside_the_observation_and_never_in_its_place(string kind, string sources, EvidenceTier believed)
    {
        _bench.Say(20);
        _bench.Fold(TwinBench.Frame("""{"zone":"zone-1","metric":"moisture","value":40,"unit":"%","horizonMinutes":60}""", timestamp: _bench.Now + 5, kind: kind, sources: sources.Split(',')), believed);

        Assert.Equal(20, _bench.Moisture!.Value);
        TwinProperty forecast = _bench.Twin.Current.Find("zone:zone-1", "forecast:moisture")!;
        Assert.Equal((40.0, "in 60 min", EvidenceTier.PlanningInference), (forecast.Value!.Value, forecast.Text, forecast.Tier));
        float[] history = new float[1];
        Assert.Equal(1, _bench.Twin.History("zone:zone-1", "moisture", TimeSpan.FromMinutes(15), history));
        Assert.Equal(20, history[0]);
        Assert.Equal(0, _bench.Twin.History("zone:zone-1", "forecast:moisture", TimeSpan.FromMinutes(15), history));
    }

    [Fact]
    public void What_this_node_measures_no_peer_can_replace_and_its_word_stands_beside()
    {
        _bench.Say(30, TwinBench.Peer, _bench.Now + 200_000);
        _bench.Say(20, TwinBench.Self);
        Assert.Equal((20.0, TwinBench.Self.Value), (_bench.Moisture!.Value!.Value, _bench.Moisture.Origin));

        _bench.Say(31, TwinBench.Peer, _bench.Now + 250_000);
        Assert.Equal(20, _bench.Moisture!.Value);
        Assert.Equal(31, _bench.Twin.Current.Find("zone:zone-1@b1b2b3b4b5b6", "moisture")!.Value);
        // What only the peer measures there belongs to the same zone.
        _bench.Say(17, TwinBench.Peer, metric: "temp");
        Assert.Equal(17, _bench.Twin.Current.Find("zone:zone-1", "temp")!.Value);
        // The history is the node's own instrument's alone.
        float[] history = new float[1];
        _bench.Twin.History("zone:zone-1", "moisture", TimeSpan.FromMinutes(15), history);
        Assert.Equal(20, history[0]);
    }

    [Fact]
    [Trait("spec", "X-38")]
    public void An_output_is_shown_as_its_frames_say_and_how_its_last_command_ended()
    {
        const string Valve = "actuator:valve:zone-9";
        _bench.Fold(TwinBench.Frame($$"""{"type":"actuation.result","commandId":"c","targetRef":"{{Valve}}","operation":"open","outcome":"done","code":"OK","observed":{"state":"active","value":12.5,"unit":"l/min","atMs":1,"by":"s"} }""", kind: "event", timestamp: _bench.Now, sources: ["device"]), EvidenceTier.VerifiedActionEvidence);
        Assert.Equal((1.0, "active", EvidenceTier.VerifiedActionEvidence), (State().Value!.Value, State().Text, State().Tier));
        Assert.Equal("open done", _bench.Twin.Current.Find(Valve, "outcome")!.Text);

        _bench.Fold(TwinBench.Frame($$"""{"type":"actuation.state","targetRef":"{{Valve}}","state":"inactive","cause":"duration"}""", kind: "event", timestamp: _bench.Now + 1, sources: ["device"]));
        Assert.Equal((0.0, "inactive"), (State().Value!.Value, State().Text));
        // Somebody's model has no say in where a valve stands.
        Assert.False(_bench.Fold(TwinBench.Frame($$"""{"type":"actuation.state","targetRef":"{{Valve}}","state":"active"}""", kind: "event", timestamp: _bench.Now + 2, sources: ["llm"])));
        Assert.Equal("inactive", State().Text);

        TwinProperty State() => _bench.Twin.Current.Find(Valve, "state")!;
    }

    [Fact]
    public void What_the_node_sees_of_its_output_stays_fresh_and_keeps_the_frame_that_said_it()
    {
        const string Valve = "actuator:valve:zone-1";
        _bench.Twin.Note(EntityKind.Actuator, Valve, TwinWriter.State, 1, "active");
        Assert.Equal("", State().FrameId);
        _bench.Fold(TwinBench.Frame($$"""{"type":"actuation.state","targetRef":"{{Valve}}","state":"active"}""", TwinBench.Self, _bench.Now - 40, "f1", "event", ["device"]));
        Assert.Equal("f1", State().FrameId);

        for (int second = 0; second < 600; second++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            _bench.Twin.Note(EntityKind.Actuator, Valve, TwinWriter.State, 1, "active");
            _bench.Twin.Age();
        }

        Assert.Equal((Freshness.Fresh, "f1"), (State().Freshness, State().FrameId));
        _bench.Twin.Note(EntityKind.Actuator, Valve, TwinWriter.State, 0, "inactive");
        Assert.Equal(("", 0.0), (State().FrameId, State().Value!.Value));

        TwinProperty State() => _bench.Twin.Current.Find(Valve, "state")!;
    }

    [Fact]
    public void A_peers_word_about_an_output_of_this_node_does_not_move_it()
    {
        const string Valve = "actuator:valve:zone-1";
        _bench.Twin.Note(EntityKind.Actuator, Valve, TwinWriter.State, 0, "inactive");
        _bench.Fold(TwinBench.Frame($$"""{"type":"actuation.state","targetRef":"{{Valve}}","state":"active"}""", kind: "event", timestamp: _bench.Now + 100, sources: ["device"]));

        Assert.Equal(0, _bench.Twin.Current.Find(Valve, "state")!.Value);
        Assert.Equal(1, _bench.Twin.Current.Find($"{Valve}@b1b2b3b4b5b6", "state")!.Value);
    }

    [Fact]
    public void What_nobody_repeats_ages_and_a_new_picture_comes_only_with_a_new_class()
    {
        _bench.Say(20);
        long version = _bench.Twin.Current.Version;
        foreach ((int seconds, Freshness freshness) in new[] { (89, Freshness.Fresh), (2, Freshness.Aging), (100, Freshness.Aging), (110, Freshness.Stale), (1_500, Freshness.Expired) })
        {
            Freshness before = _bench.Moisture!.Freshness;
            _bench.Time.Advance(TimeSpan.FromSeconds(seconds));
            _bench.Twin.Age();
            Assert.Equal(freshness, _bench.Moisture!.Freshness);
            Assert.Equal(before == freshness ? version : version + 1, _bench.Twin.Current.Version);
            version = _bench.Twin.Current.Version;
        }
    }

    [Fact]
    public void A_statement_that_was_old_when_it_came_is_not_fresh()
    {
        _bench.Say(20, timestamp: _bench.Now - 200_000);
        Assert.Equal(Freshness.Aging, _bench.Moisture!.Freshness);
    }

    [Fact]
    public void A_clock_that_was_set_back_does_not_keep_the_old_picture_for_long()
    {
        _bench.Say(20, TwinBench.Self);
        _bench.Time.StepWallClock(TimeSpan.FromHours(-5));

        Assert.True(_bench.Say(19, TwinBench.Self));
        Assert.Equal(19, _bench.Moisture!.Value);
    }

    [Fact]
    public void A_burst_makes_one_picture_and_a_quiet_twin_none()
    {
        for (int i = 0; i < 1_000; i++) _bench.Say(i % 60, timestamp: _bench.Now + i, zone: $"zone-{i % 50}");
        TwinSnapshot picture = _bench.Twin.Current;

        Assert.Equal(1, picture.Version);
        Assert.Same(picture, _bench.Twin.Current);
        _bench.Twin.Age();
        Assert.Same(picture, _bench.Twin.Current);
        _bench.Say(9, zone: "zone-3", timestamp: _bench.Now + 2_000);
        Assert.NotSame(picture, _bench.Twin.Current);
        // Only what changed is made anew.
        Assert.Same(picture.Entities["zone:zone-4"], _bench.Twin.Current.Entities["zone:zone-4"]);
        Assert.NotSame(picture.Entities["zone:zone-3"], _bench.Twin.Current.Entities["zone:zone-3"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"kind":"observation"}""")]
    [InlineData("""{"kind":"observation","frameId":"x","sourceDeviceId":"y","timestamp":"now","data":{}}""")]
    [InlineData("""{"kind":"observation","frameId":"x","sourceDeviceId":"y","timestamp":1,"data":[]}""")]
    [InlineData("""{"kind":"observation","frameId":"x","sourceDeviceId":"y","timestamp":1,"data":{"zone":"\ud800"}}""")]
    public void Text_that_is_no_frame_is_counted_and_nothing_else(string text)
    {
        Assert.False(_bench.Twin.Fold(System.Text.Encoding.UTF8.GetBytes(text), EvidenceTier.OperationalObservation, own: false));
        Assert.Equal(1, _bench.Twin.Counts.Unreadable);
        Assert.Empty(_bench.Twin.Current.Entities);
    }
}
