using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Twin;

public class ClassificationTests
{
    [Theory]
    [InlineData("zone-1", "moisture", "%", "sensor:soil-moisture:zone-1", EntityKind.Zone)]
    [InlineData("zone-1", "moisture", "%", null, EntityKind.Zone)]
    [InlineData("station", "air-temp", "°C", "sensor:air-temp:station", EntityKind.Zone)]
    [InlineData("house", "pressure", "hPa", "sensor:pressure:house", EntityKind.Zone)]
    [InlineData("mainline", "pressure", "bar", null, EntityKind.Line)]
    [InlineData("mainline-01", "flow", "l/min", "sensor:flow:mainline-01", EntityKind.Line)]
    [InlineData("tank-1", "level", "%", null, EntityKind.Tank)]
    [InlineData("tank-1", "depth", "mm", "sensor:tank-level:tank-1", EntityKind.Tank)]
    [InlineData("host", "temp", "°C", "sensor:host:cpu", EntityKind.Node)]
    [InlineData("host", "load-1m", "", null, EntityKind.Node)]
    [InlineData("P1", "current", "A", "sensor:power:P1", EntityKind.Zone)]
    public void What_is_measured_where_decides_what_it_belongs_to(string zone, string metric, string unit, string? sensor, EntityKind kind) =>
        Assert.Equal(kind, Classification.KindOf(zone, metric, unit, sensor));

    [Theory]
    [InlineData(EntityKind.Zone, "zone-1", "zone:zone-1")]
    [InlineData(EntityKind.Tank, "tank-1", "tank:tank-1")]
    [InlineData(EntityKind.Line, "mainline", "line:mainline")]
    [InlineData(EntityKind.Actuator, "actuator:valve:zone-1", "actuator:valve:zone-1")]
    [InlineData(EntityKind.Node, "ab", "node:ab")]
    public void An_id_says_what_it_is_of(EntityKind kind, string name, string id) => Assert.Equal(id, Classification.IdOf(kind, name));

    [Fact]
    public void A_machine_has_many_temperatures_and_each_has_the_name_of_its_sensor()
    {
        Assert.Equal("cpu-thermal", Classification.PropertyOf(EntityKind.Node, "temp", "sensor:host:cpu-thermal").ToString());
        Assert.Equal("temp", Classification.PropertyOf(EntityKind.Zone, "temp", "sensor:soil-temp:zone-1").ToString());
    }

    [Theory]
    [InlineData("observation", false, EvidenceTier.OperationalObservation, false)]
    [InlineData("observation", false, EvidenceTier.UnverifiedObservation, false)]
    [InlineData("observation", true, EvidenceTier.OperationalObservation, true)]
    [InlineData("observation", false, EvidenceTier.PlanningInference, true)]
    [InlineData("inference", false, EvidenceTier.OperationalObservation, true)]
    [InlineData("agent_response", false, EvidenceTier.VerifiedActionEvidence, true)]
    [InlineData("event", false, EvidenceTier.VerifiedActionEvidence, false)]
    public void What_a_model_said_or_nobody_believes_is_a_forecast(string kind, bool fromModel, EvidenceTier believed, bool forecast) =>
        Assert.Equal(forecast, Classification.IsForecast(kind, fromModel, believed));

    [Theory]
    [InlineData(0, Freshness.Fresh)]
    [InlineData(90_000, Freshness.Fresh)]
    [InlineData(90_001, Freshness.Aging)]
    [InlineData(300_000, Freshness.Aging)]
    [InlineData(300_001, Freshness.Stale)]
    [InlineData(1_800_000, Freshness.Stale)]
    [InlineData(1_800_001, Freshness.Expired)]
    public void Freshness_ends_after_ninety_seconds_five_minutes_and_half_an_hour(double ageMs, Freshness freshness) =>
        Assert.Equal(freshness, Classification.FreshnessOf(ageMs));
}
