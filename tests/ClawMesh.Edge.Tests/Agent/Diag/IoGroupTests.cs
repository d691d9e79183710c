using System.Text.Json;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class IoGroupTests : IDisposable
{
    private static readonly SensorInfo Moisture = new(
        new SensorId("sensor:soil-moisture:zone-1"), "zone-1", new Quantity("moisture", "%"), TimeSpan.FromSeconds(1), "i2c-1", Simulated: false, 0, 60, Low: 20, Critical: 12);

    private static readonly OutputPolicy Valve = new() { Actuator = new ActuatorId(DiagBench.Valve), Safe = OutputValue.Inactive, MaxOn = TimeSpan.FromMinutes(5) };

    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Fact]
    public async Task An_output_left_energised_without_a_node_is_a_fail_that_names_safe_state()
    {
        string medium = _diag.Energise(DiagBench.Valve);
        byte[] before = File.ReadAllBytes(medium);

        JsonElement valve = await _diag.CheckAsync($"io.{DiagBench.Valve}");

        valve.Has("fail", "is active while no node runs");
        Assert.Contains("clawmesh-edge safe-state", valve.Fix(), StringComparison.Ordinal);
        Assert.Equal("interlock", valve.GetProperty("failureClass").GetString());
        (await _diag.CheckAsync("io.actuator:valve:zone-2")).Has("pass", "inactive (safe)");
        Assert.Equal(before, File.ReadAllBytes(medium));
    }

    [Fact]
    public async Task An_output_without_a_declared_effect_is_a_warning()
    {
        _diag.Simulated(text => text.Replace(""","effect": { "sensor": "sensor:power:P1", "atLeast": 1, "within": "2s" }""", "", StringComparison.Ordinal)
            .Replace(",\n      \"effect\": { \"sensor\": \"sensor:power:P1\", \"atLeast\": 1, \"within\": \"2s\" }", "", StringComparison.Ordinal));

        JsonElement pump = await _diag.CheckAsync("io.actuator:pump:P1");

        pump.Has("warn", "no effect is declared");
        Assert.Contains("effect_unconfirmed", pump.Why(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_configured_sensor_is_read_once_without_a_node()
    {
        Site site = _diag.Simulated();

        JsonElement[] checks = [.. DiagBench.Checks(await _diag.JsonAsync("io"))];

        foreach (SensorBinding sensor in site.Sensors)
        {
            JsonElement check = Assert.Single(checks, c => c.GetProperty("id").GetString() == $"io.{sensor.Info.Id}");
            Assert.Equal("pass", check.Status());
            Assert.InRange(check.Value("value"), sensor.Info.ValidMin, sensor.Info.ValidMax);
        }
    }

    [Fact]
    public async Task A_sensor_that_answers_without_a_number_is_out_of_range()
    {
        _diag.Simulated();
        _diag.StateFile("sim/faults.json", """{"sensor:tank-level:tank-1":"nan"}""");

        JsonElement tank = await _diag.CheckAsync("io.sensor:tank-level:tank-1");

        tank.Has("fail", "without a plausible number");
        Assert.Equal("out_of_range", tank.GetProperty("failureClass").GetString());
    }

    [Fact]
    public async Task A_silent_sensor_costs_its_own_answer_and_no_other()
    {
        _diag.Simulated();
        _diag.StateFile("sim/faults.json", """{"sensor:flow:mainline-01":"silent"}""");

        JsonElement[] checks = [.. DiagBench.Checks(await _diag.JsonAsync("io"))];

        JsonElement flow = Assert.Single(checks, c => c.Status() == "fail");
        Assert.Equal("io.sensor:flow:mainline-01", flow.GetProperty("id").GetString());
        flow.Has("fail", "gave no answer");
        Assert.Equal("bus_io", flow.GetProperty("failureClass").GetString());
    }

    [Fact]
    public async Task A_site_with_errors_fails_with_all_of_them()
    {
        string file = _diag.StateFile("my-site.json", """{"schema":1,"name":"x","board":"nowhere","simulated":true,"sensors":[{"id":7}]}""");
        _diag.StateFile("node.json", $$"""{"site":"{{file}}"}""");

        JsonElement site = await _diag.CheckAsync("io.site");

        site.Has("fail", "error");
        Assert.Contains("nowhere", site.Why(), StringComparison.Ordinal);
        Assert.Contains("site check", site.Fix(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_record_of_the_last_run_fails_and_says_how_to_get_a_new_one()
    {
        _diag.StateFile("active-site.json", "{}");

        JsonElement site = await _diag.CheckAsync("io.site");

        site.Has("fail", "error");
        Assert.Contains("start the node", site.Fix(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configured_site_counts_where_no_run_has_written_one_down()
    {
        (await _diag.CheckAsync("io.site")).Has("skip", "no site is configured");
        _diag.StateFile("node.json", """{"site":"simulated"}""");

        (await _diag.CheckAsync("io.site")).Has("pass", "simulated on board simulated");
    }

    [Fact]
    public async Task Buses_are_counted_and_absent_ones_skipped()
    {
        _diag.Machine("dev/gpiochip0", "");
        _diag.Machine("dev/gpiochip1", "");
        _diag.Machine("dev/i2c-1", "");
        _diag.Machine("sys/class/i2c-dev/i2c-1/name", "c240000.i2c\n");
        _diag.Machine("sys/class/pwm/pwmchip0/npwm", "4\n");
        _diag.Machine("sys/bus/w1/devices/w1_bus_master1/name", "");
        _diag.Machine("sys/bus/w1/devices/28-00000a1b2c3d/name", "");
        _diag.Machine("dev/ttyTHS1", "");

        (await _diag.CheckAsync("io.gpio")).Has("pass", "2 GPIO chips");
        Assert.Contains("c240000.i2c", (await _diag.CheckAsync("io.i2c")).Why(), StringComparison.Ordinal);
        (await _diag.CheckAsync("io.pwm")).Has("pass", "1 chip, 4 channels");
        (await _diag.CheckAsync("io.1-wire")).Has("pass", "1 master, 1 part");
        (await _diag.CheckAsync("io.serial")).Has("pass", "1 serial port");
        (await _diag.CheckAsync("io.spi")).Has("skip", "/dev/spidev*");
    }

    [Fact]
    public async Task A_chip_this_user_may_not_open_is_a_warning_with_the_way_in()
    {
        Assert.SkipWhen(HostKernel.EffectiveUserId == 0, "root may open everything");
        _diag.Machine("dev/gpiochip0", "");
        File.SetUnixFileMode(Path.Combine(_diag.Host.Root, "dev/gpiochip0"), UnixFileMode.None);

        JsonElement gpio = await _diag.CheckAsync("io.gpio");

        gpio.Has("warn", "1 closed to this user");
        Assert.Contains("group", gpio.Fix(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"state":"active","value":31.25,"ageMs":400}""", "pass", "31.25 %")]
    [InlineData("""{"state":"active","value":11,"ageMs":400}""", "pass", "11 %, critical")]
    [InlineData("""{"state":"active","ageMs":400}""", "fail", "without a plausible number")]
    [InlineData("""{"state":"blocked","value":31,"ageMs":400,"detail":"NAK at 0x48"}""", "fail", "blocked")]
    [InlineData("""{"state":"active","value":31,"ageMs":60000}""", "warn", "1 min old")]
    [InlineData("""{"state":"probing"}""", "warn", "no sample")]
    [InlineData("null", "fail", "does not have this sensor")]
    public void A_running_node_is_believed_about_its_sensors(string seen, string status, string summary) =>
        Has(SensorChecks.FromNode(Moisture, Parse(seen)), status, summary);

    [Theory]
    [InlineData("""{"state":"inactive","safe":"inactive"}""", "pass", "inactive (safe)")]
    [InlineData("""{"state":"active","leaseLeftMs":3200}""", "pass", "3.2 s of its lease left")]
    [InlineData("""{"state":"active"}""", "warn", "without a lease")]
    [InlineData("""{"safe":"inactive"}""", "fail", "cannot be read back")]
    [InlineData("""{"state":"active","safePending":true}""", "fail", "has not confirmed")]
    [InlineData("null", "fail", "does not have this output")]
    public void A_running_node_is_believed_about_its_outputs(string seen, string status, string summary) =>
        Has(OutputChecks.FromNode(Valve, Parse(seen)), status, summary);

    [Fact]
    public void A_latched_output_is_a_warning_with_the_command_that_releases_it()
    {
        CheckOutcome outcome = OutputChecks.FromNode(Valve, Parse("""{"state":"inactive","latch":{"cause":"fault","why":"no flow"}}"""));

        Has(outcome, "warn", "latched by fault");
        Assert.Contains($"clawmesh-edge release {DiagBench.Valve}", outcome.Fix, StringComparison.Ordinal);
        Assert.Equal(["no flow"], outcome.Details);
    }

    [Theory]
    [InlineData("fault", "Check the part, its supply and its wires, then `clawmesh-edge release")]
    [InlineData("bus_io", "Free its bus, as the checks of the parts on it say, then `clawmesh-edge release")]
    [InlineData("operator", "Ask whoever said safe-state, then `clawmesh-edge release")]
    public void What_comes_before_the_release_follows_the_cause_of_the_latch(string cause, string fix)
    {
        CheckOutcome outcome = OutputChecks.FromNode(Valve, Parse($$"""{"state":"inactive","latch":{"why":"w","cause":"{{cause}}"} }"""));

        Assert.StartsWith(fix, outcome.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sensor_in_trouble_is_told_in_the_node_s_own_words()
    {
        CheckOutcome outcome = SensorChecks.FromNode(Moisture, Parse(
            """{"state":"blocked","detail":"Nobody acknowledged the address.","failureClass":"device_absent","code":"i2c.no_answer","fix":"Check the part's supply."}"""));

        Has(outcome, "fail", "the node calls it blocked: Nobody acknowledged the address.");
        Assert.Equal(FailureClass.DeviceAbsent, outcome.FailureClass);
        Assert.Equal(["i2c.no_answer"], outcome.Details);
        Assert.Equal("Check the part's supply. The node asks it again by itself.", outcome.Fix);
    }

    [Theory]
    [InlineData("device_absent", "clawmesh-edge scan")]
    [InlineData("auth", "docs/permissions.md")]
    [InlineData("config", "site file")]
    [InlineData("out_of_range", "probe")]
    [InlineData("stale_data", "supply")]
    [InlineData("bus_io", "pull-ups")]
    public void Where_the_node_tells_the_class_alone_the_fix_fits_the_class(string failureClass, string fix) =>
        Assert.Contains(fix, SensorChecks.FromNode(Moisture, Parse($$"""{"state":"degraded","failureClass":"{{failureClass}}"}""")).Fix, StringComparison.Ordinal);

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    private static void Has(CheckOutcome outcome, string status, string summary)
    {
        Assert.Equal(status, outcome.Status.Word());
        Assert.Contains(summary, outcome.Summary, StringComparison.Ordinal);
    }
}
