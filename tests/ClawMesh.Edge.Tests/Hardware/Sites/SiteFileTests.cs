using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Tests.Hardware.Sites;

public sealed class SiteFileTests
{
    private const string Valid = """
        // A small site with everything in it.
        {
          "schema": 1, "name": "bench", "board": "simulated", "simulated": true,
          "sensors": [
            { "id": "sensor:tank-level:T1", "zone": "tank", "metric": "level", "unit": "%", "driver": "simulated", "channel": "tank-level",
              "interval": "2s", "valid": { "min": 0, "max": 105 }, "low": 25, "critical": 10 },
            { "id": "sensor:flow:F1", "zone": "line", "metric": "flow", "unit": "l/min", "driver": "simulated", "channel": "flow" },
          ],
          "actuators": [
            { "ref": "actuator:valve:V1", "zone": "bed", "kind": "onOff", "driver": "simulated", "channel": "valve-1", "safe": "inactive",
              "operations": ["open", "Close", "set"], "maxOn": "20m", "defaultOn": "5m", "minOff": "1s", "dutyPerHour": "30m", "ratePerMinute": 7,
              "exclusive": "east", "requires": [{ "sensor": "sensor:tank-level:T1", "above": 5, "below": 99, "maxAge": "10s" }],
              "upstream": "actuator:pump:P1", "minimumTier": "T3_verified_action_evidence", "requiresApproval": true,
              "effect": { "sensor": "sensor:flow:F1", "rises": 2, "atLeast": 3, "within": "4s" } },
            { "ref": "actuator:pump:P1", "zone": "tank", "kind": "level", "driver": "simulated", "channel": "pump-1", "safe": 0.5, "maxOn": "15m",
              "exclusive": "east", "effect": { "sensor": "sensor:flow:F1", "atLeast": 1 } },
          ],
        }
        """;

    private static readonly BoardCatalog Boards = new("/nonexistent");

    [Fact]
    public void A_site_with_everything_in_it_reads_as_it_is_written()
    {
        SiteReadResult read = SiteFile.Read(Valid, "bench.json", Boards);

        Assert.Empty(read.Problems);
        Site site = read.Site!;
        Assert.Equal(("bench", "simulated", true, Valid), (site.Name, site.Board, site.Simulated, site.Text));

        SensorInfo tank = site.Sensors[0].Info;
        Assert.Equal(new Quantity("level", "%"), tank.Quantity);
        Assert.Equal((TimeSpan.FromSeconds(2), "sim-tank", true), (tank.Interval, tank.Bus, tank.Simulated));
        Assert.Equal((0.0, 105.0, 25.0, 10.0), (tank.ValidMin, tank.ValidMax, tank.Low, tank.Critical));
        Assert.Equal("tank-level", site.Sensors[0].Wiring["channel"]);
        Assert.Equal(TimeSpan.FromSeconds(1), site.Sensors[1].Info.Interval);

        ActuatorBinding valve = site.Actuators[0];
        OutputPolicy policy = valve.Policy;
        Assert.Equal(OutputKind.OnOff, policy.Kind);
        Assert.Equal(["open", "close", "set"], policy.Operations);
        Assert.Equal((TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1)), (policy.MaxOn, policy.DefaultOn, policy.MinOff));
        Assert.Equal((TimeSpan.FromMinutes(30), 7, "east"), (policy.DutyPerHour, policy.RatePerMinute, policy.ExclusiveGroup));
        Assert.Equal([new SensorPredicate(tank.Id, 5, 99, TimeSpan.FromSeconds(10))], policy.Requires);
        Assert.Equal(new ActuatorId("actuator:pump:P1"), policy.Upstream);
        Assert.Equal(EvidenceTier.VerifiedActionEvidence, policy.MinimumTier);
        Assert.True(policy.RequiresApproval);
        Assert.Equal(new EffectCheck(new SensorId("sensor:flow:F1"), 2, 3, TimeSpan.FromSeconds(4)), valve.Effect);
        Assert.Equal("valve-1", valve.Wiring["channel"]);
        Assert.Equal("sim-valve-1", valve.Wiring["bus"]);

        OutputPolicy pump = site.Actuators[1].Policy;
        Assert.Equal((OutputKind.Level, new OutputValue(0.5)), (pump.Kind, pump.Safe));
        Assert.Equal((TimeSpan.Zero, 6, EvidenceTier.OperationalObservation), (pump.MinOff, pump.RatePerMinute, pump.MinimumTier));
        Assert.Null(pump.DutyPerHour);
    }

    [Theory]
    [InlineData("\"schema\": 1,", "", "schema", "missing")]
    [InlineData("\"schema\": 1", "\"schema\": 2", "schema", "is 2")]
    [InlineData("\"name\": \"bench\",", "", "name", "missing")]
    [InlineData("\"board\": \"simulated\"", "\"board\": \"jetson-nano-9\"", "board", "this node knows agx-orin")]
    [InlineData("\"simulated\": true,", "", "simulated", "missing")]
    [InlineData("\"simulated\": true", "\"simulated\": \"yes\"", "simulated", "\"yes\"")]
    [InlineData("\"simulated\": true", "\"simulated\": false", "actuators[0].driver", "never mixes")]
    [InlineData("\"sensor:flow:F1\", \"zone\"", "\"flow:F1\", \"zone\"", "sensors[1].id", "'sensor:'")]
    [InlineData("\"sensor:flow:F1\", \"zone\"", "\"sensor:flöw:F1\", \"zone\"", "sensors[1].id", "flöw")]
    [InlineData("\"sensor:flow:F1\", \"zone\"", "\"sensor:flow::F1\", \"zone\"", "sensors[1].id", "segments")]
    [InlineData("\"sensor:flow:F1\", \"zone\"", "\"sensor:tank-level:T1\", \"zone\"", "sensors[1].id", "sensors[0].id")]
    [InlineData("\"metric\": \"flow\",", "", "sensors[1].metric", "missing")]
    [InlineData("\"unit\": \"l/min\"", "\"unit\": \"m3/h\"", "sensors[1].unit", "l/min")]
    [InlineData("\"interval\": \"2s\"", "\"interval\": 2", "sensors[0].interval", "is 2")]
    [InlineData("\"interval\": \"2s\"", "\"interval\": \"1ms\"", "sensors[0].interval", "at least 50ms")]
    [InlineData("\"interval\": \"2s\"", "\"interval\": \"10s\"", "actuators[0].requires[0].maxAge", "stale")]
    [InlineData("\"max\": 105", "\"max\": 0", "sensors[0].valid.min", "no value is believed")]
    [InlineData("\"critical\": 10", "\"critical\": 30", "sensors[0].critical", "above low")]
    [InlineData("\"channel\": \"flow\"", "\"channel\": \"flwo\"", "sensors[1].channel", "no such channel")]
    [InlineData("\"channel\": \"flow\"", "\"channel\": \"valve-2\"", "sensors[1].channel", "of kind output")]
    [InlineData("\"channel\": \"flow\"", "\"channel\": \"tank-level\"", "sensors[1].channel", "sensors[0] uses already")]
    [InlineData("\"channel\": \"pump-1\"", "\"channel\": \"valve-1\"", "actuators[1].channel", "actuators[0] uses already")]
    [InlineData("\"driver\": \"simulated\", \"channel\": \"flow\"", "\"driver\": \"gpio\", \"channel\": \"flow\"", "sensors[1].driver", "this build knows simulated")]
    [InlineData("\"ref\": \"actuator:pump:P1\"", "\"ref\": \"actuator:pump:with-a-name-that-is-longer-than-any-record\"", "actuators[1].ref", "48")]
    [InlineData("\"ref\": \"actuator:pump:P1\"", "\"ref\": \"actuator:valve:V1\"", "actuators[1].ref", "actuators[0].ref")]
    [InlineData("\"kind\": \"level\"", "\"kind\": \"pwm\"", "actuators[1].kind", "onOff, level")]
    [InlineData("\"safe\": \"inactive\",", "", "actuators[0].safe", "missing")]
    [InlineData("\"safe\": \"inactive\"", "\"safe\": 0.5", "actuators[0].safe", "\"active\"")]
    [InlineData("\"safe\": 0.5", "\"safe\": 1.5", "actuators[1].safe", "ratio from 0 to 1")]
    [InlineData("\"safe\": 0.5", "\"safe\": \"off\"", "actuators[1].safe", "\"off\"")]
    [InlineData("\"Close\"", "\"shut\"", "actuators[0].operations", "'shut'")]
    [InlineData("[\"open\", \"Close\", \"set\"]", "[]", "actuators[0].operations", "empty")]
    [InlineData("[\"open\", \"Close\", \"set\"]", "\"open\"", "actuators[0].operations", "\"open\"")]
    [InlineData("\"maxOn\": \"20m\",", "", "actuators[0].maxOn", "missing")]
    [InlineData("\"maxOn\": \"20m\"", "\"maxOn\": \"30d\"", "actuators[0].maxOn", "at most 7d")]
    [InlineData("\"defaultOn\": \"5m\"", "\"defaultOn\": \"25m\"", "actuators[0].defaultOn", "longer than maxOn = 20m")]
    [InlineData("\"dutyPerHour\": \"30m\"", "\"dutyPerHour\": \"61m\"", "actuators[0].dutyPerHour", "at most 1h")]
    [InlineData("\"ratePerMinute\": 7", "\"ratePerMinute\": 0", "actuators[0].ratePerMinute", "1 to 600")]
    [InlineData("\"sensor\": \"sensor:tank-level:T1\"", "\"sensor\": \"sensor:tank-level:T2\"", "actuators[0].requires[0].sensor", "no such sensor")]
    [InlineData("\"below\": 99", "\"below\": 5", "actuators[0].requires[0].above", "never holds")]
    [InlineData("\"upstream\": \"actuator:pump:P1\"", "\"upstream\": \"actuator:pump:P9\"", "actuators[0].upstream", "no such actuator")]
    [InlineData("\"upstream\": \"actuator:pump:P1\"", "\"upstream\": \"actuator:valve:V1\"", "actuators[0].upstream", "leads back")]
    [InlineData("\"safe\": 0.5", "\"upstream\": \"actuator:valve:V1\", \"safe\": 0.5", "actuators[1].upstream", "leads back")]
    [InlineData("T3_verified_action_evidence", "T0_planning_inference", "actuators[0].minimumTier", "T1_unverified_observation")]
    [InlineData("\"sensor\": \"sensor:flow:F1\", \"rises\"", "\"sensor\": \"sensor:flow:F9\", \"rises\"", "actuators[0].effect.sensor", "no such sensor")]
    [InlineData("\"rises\": 2", "\"rises\": 0", "actuators[0].effect.rises", "above 0")]
    [InlineData("\"atLeast\": 1 }", "\"within\": \"1s\" }", "actuators[1].effect.rises", "neither")]
    [InlineData("\"within\": \"4s\"", "\"within\": \"4\"", "actuators[0].effect.within", "\"4\"")]
    [InlineData("\"name\": \"bench\"", "\"name\": \"bench\", \"name\": \"other\"", "name", "twice")]
    public void Each_mistake_is_named_where_it_stands_with_a_way_out(string written, string instead, string path, string what)
    {
        Assert.Contains(written, Valid, StringComparison.Ordinal);

        SiteReadResult read = SiteFile.Read(Valid.Replace(written, instead, StringComparison.Ordinal), "bench.json", Boards);

        Assert.Null(read.Site);
        ConfigProblem problem = Assert.Single(read.Problems, p => p.Path == path);
        Assert.Equal(ProblemSeverity.Error, problem.Severity);
        Assert.Contains(what, problem.What, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Fix);
    }

    [Fact]
    public void All_mistakes_are_reported_at_once()
    {
        string text = Valid
            .Replace("\"ratePerMinute\": 7", "\"ratePerMinute\": \"often\"", StringComparison.Ordinal)
            .Replace("\"unit\": \"%\"", "\"unit\": \"\"", StringComparison.Ordinal)
            .Replace("\"maxOn\": \"15m\"", "\"maxOn\": \"long\"", StringComparison.Ordinal);

        SiteReadResult read = SiteFile.Read(text, "bench.json", Boards);

        Assert.Equal(["actuators[0].ratePerMinute", "actuators[1].maxOn", "sensors[0].unit"], read.Problems.Select(p => p.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_unknown_key_is_a_warning_that_names_the_nearest_known_one()
    {
        SiteReadResult read = SiteFile.Read(Valid.Replace("\"minOff\"", "\"minof\"", StringComparison.Ordinal), "bench.json", Boards);

        Assert.NotNull(read.Site);
        ConfigProblem warning = Assert.Single(read.Problems);
        Assert.Equal((ProblemSeverity.Warning, "actuators[0].minof"), (warning.Severity, warning.Path));
        Assert.Contains("'minOff'", warning.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void An_output_without_an_effect_is_warned_about_because_it_is_never_done()
    {
        SiteReadResult read = SiteFile.Read(
            Valid.Replace(", \"effect\": { \"sensor\": \"sensor:flow:F1\", \"atLeast\": 1 }", "", StringComparison.Ordinal), "bench.json", Boards);

        Assert.Null(read.Site!.Actuators[1].Effect);
        Assert.Equal("actuators[1].effect", Assert.Single(read.Problems).Path);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("{\n \"schema\": 1,\n oops }", "bench.json is not JSON")]
    [InlineData("[1]", "must be one JSON object")]
    [InlineData("{ \"name\": \"\\ud800\" }", "no character")]
    public void A_file_that_is_not_json_says_so(string text, string what)
    {
        SiteReadResult read = SiteFile.Read(text, "bench.json", Boards);

        Assert.Null(read.Site);
        Assert.Contains(read.Problems, p => p.What.Contains(what, StringComparison.Ordinal));
    }

    [Fact]
    public void More_entries_than_a_node_can_announce_are_refused()
    {
        string sensors = string.Join(",", Enumerable.Range(0, 257).Select(i => $$"""{ "id": "sensor:x:{{i}}" }"""));

        SiteReadResult read = SiteFile.Read($$"""{ "sensors": [{{sensors}}] }""", "bench.json", Boards);

        Assert.Contains(read.Problems, p => p.What.Contains("257", StringComparison.Ordinal));
    }

    [Fact]
    public void Any_damage_to_a_site_file_gives_problems_or_a_site_and_never_an_exception()
    {
        const int seed = 20260721;
        var chance = new Random(seed);
        for (int round = 0; round < 2_000; round++)
        {
            char[] text = Valid.ToCharArray();
            for (int hit = 0; hit < 1 + (round % 4); hit++) text[chance.Next(text.Length)] = (char)chance.Next(32, 127);

            SiteReadResult read = SiteFile.Read(new string(text), "bench.json", Boards);

            Assert.True(read.Site is not null || read.Problems.Any(p => p.Severity == ProblemSeverity.Error), $"seed {seed} round {round}");
        }
    }
}
