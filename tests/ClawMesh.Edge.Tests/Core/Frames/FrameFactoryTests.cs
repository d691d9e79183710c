using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Core.Frames;

public class FrameFactoryTests
{
    private static readonly SensorInfo Moisture = new(
        new SensorId("sensor:soil-moisture:zone-1"), "zone-1", new Quantity("moisture", "%"), TimeSpan.FromSeconds(10), "farm", Simulated: false,
        ValidMin: 0, ValidMax: 100, Low: 25, Critical: 15);

    private readonly ManualTime _time = new();
    private readonly FrameFactory _factory;

    public FrameFactoryTests() => _factory = new FrameFactory(PermitDesk.Self, "node-1", _time, () => Guid.Parse("00112233-4455-4677-8899-AABBCCDDEEFF"));

    [Fact]
    [Trait("spec", "W-69")]
    public void An_observation_has_the_shape_of_the_wire()
    {
        ContextFrame frame = _factory.Observation(Reading(31.41592), Moisture);

        string json = JsonSerializer.Serialize(frame, WireJson.Default.ContextFrame);

        Assert.Equal(
            $$$"""{"gen":1,"kind":"observation","frameId":"00112233-4455-4677-8899-aabbccddeeff","sourceDeviceId":"{{{PermitDesk.Self}}}","sourceDisplayName":"node-1","timestamp":{{{_time.GetUtcNow().ToUnixTimeMilliseconds()}}},"data":{"zone":"zone-1","metric":"moisture","value":31.4159,"unit":"%","threshold":25,"status":"normal","sensor":"sensor:soil-moisture:zone-1"},"trust":{"evidence_sources":["sensor"],"evidence_trust_tier":"T2_operational_observation"},"hops":0}""",
            json);
    }

    [Fact]
    [Trait("spec", "W-72")]
    public void What_a_model_said_is_inference_of_the_lowest_tier_and_its_source_is_a_model()
    {
        ContextFrame frame = _factory.Inference(w => w.WriteNumber("value", 1), "note");

        Assert.Equal((FrameKinds.Inference, TrustWords.T0, "note"), (frame.Kind, frame.Trust.EvidenceTrustTier, frame.Note));
        Assert.Equal(["llm"], frame.Trust.EvidenceSources);
    }

    [Theory]
    [Trait("spec", "W-84")]
    [InlineData(31, "normal", TrustWords.T2)]
    [InlineData(25, "low", TrustWords.T2)]
    [InlineData(15, "critical", TrustWords.T2)]
    [InlineData(0, "critical", TrustWords.T2)]
    [InlineData(100, "normal", TrustWords.T2)]
    [InlineData(-0.1, "implausible", TrustWords.T1)]
    [InlineData(100.1, "implausible", TrustWords.T1)]
    [InlineData(double.NaN, "implausible", TrustWords.T1)]
    [InlineData(double.PositiveInfinity, "implausible", TrustWords.T1)]
    [InlineData(double.NegativeInfinity, "implausible", TrustWords.T1)]
    public void Status_and_tier_follow_from_the_value(double value, string status, string tier)
    {
        ContextFrame frame = _factory.Observation(Reading(value), Moisture);

        Assert.Equal((status, tier), (frame.Data.GetProperty("status").GetString(), frame.Trust.EvidenceTrustTier));
        Assert.Equal(double.IsFinite(value), frame.Data.TryGetProperty("value", out _));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void A_sensor_without_bounds_cannot_vouch_for_what_is_no_number(double value)
    {
        // An infinity used to be a T2 observation, "normal", without a value.
        SensorInfo unbounded = Moisture with { ValidMin = double.NegativeInfinity, ValidMax = double.PositiveInfinity, Low = null, Critical = null };

        ContextFrame frame = _factory.Observation(Reading(value), unbounded);

        Assert.Equal(TrustWords.T1, frame.Trust.EvidenceTrustTier);
        Assert.Equal("implausible", frame.Data.GetProperty("status").GetString());
    }

    [Fact]
    public void A_reading_is_dated_when_it_was_sampled_and_says_when_it_was_simulated()
    {
        Reading reading = Reading(31) with { Simulated = true };
        _time.Advance(TimeSpan.FromSeconds(9));

        ContextFrame frame = _factory.Observation(reading, Moisture);

        Assert.Equal(reading.SampledAt.ToUnixTimeMilliseconds(), frame.Timestamp);
        Assert.True(frame.Data.GetProperty("simulated").GetBoolean());
        Assert.False(_factory.Observation(Reading(31), Moisture).Data.TryGetProperty("simulated", out _));
    }

    [Theory]
    [InlineData(EvidenceTier.UnverifiedObservation, TrustWords.T1)]
    [InlineData(EvidenceTier.VerifiedActionEvidence, TrustWords.T3)]
    public void A_device_event_rests_on_the_device_alone(EvidenceTier tier, string word)
    {
        ContextFrame frame = _factory.DeviceEvent(tier, writer => writer.WriteString("type", "actuation.result"), "a note");

        Assert.Equal((FrameKinds.Event, word, "a note"), (frame.Kind, frame.Trust.EvidenceTrustTier, frame.Note));
        Assert.Equal(["device"], frame.Trust.EvidenceSources);
        Assert.Equal("""{"type":"actuation.result"}""", frame.Data.GetRawText());
    }

    [Fact]
    public void A_node_without_a_name_leaves_it_out()
    {
        var nameless = new FrameFactory(new NodeId(new string('d', NodeId.Length)), null, _time, Guid.NewGuid);

        string json = JsonSerializer.Serialize(nameless.Observation(Reading(1), Moisture), WireJson.Default.ContextFrame);

        Assert.DoesNotContain("sourceDisplayName", json, StringComparison.Ordinal);
        Assert.DoesNotContain("null", json, StringComparison.Ordinal);
    }

    private Reading Reading(double value) => new(
        Moisture.Id, Moisture.Zone, Moisture.Quantity, value, _time.GetUtcNow(), _time.GetTimestamp(), EvidenceTier.OperationalObservation, Simulated: false);
}
