using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Tests.Hardware.Sites;

/// <summary>Entries of real parts that used to be taken as they stood.</summary>
public sealed class SiteWiringTests
{
    private const string Relay = "\"driver\": \"gpio-relay\"";
    private const string Pwm = "\"driver\": \"pwm\", \"kind\": \"level\", \"frequency\": 1000";

    private static readonly BoardCatalog Boards = new("/nonexistent");

    // An empty list of pins was no problem at all; the driver then met a line that was not there.
    [Theory]
    [InlineData(Relay + ", \"pin\": \"\"", "names no pin")]
    [InlineData(Relay + ", \"pin\": \",\"", "names no pin")]
    [InlineData(Relay + ", \"chip\": \"tegra234-gpio\", \"line\": \",\"", "names 0 lines")]
    [InlineData(Relay + ", \"chip\": \"tegra234-gpio\"", "names 0 lines")]
    [InlineData(Pwm + ", \"pin\": \"\"", "names no pin")]
    [InlineData(Pwm + ", \"pin\": \" , \"", "names no pin")]
    // A second pin was left out without a word.
    [InlineData(Pwm + ", \"pin\": \"33,32\"", "names 2 pins")]
    // A channel that was not named was channel 0: another load, perhaps.
    [InlineData(Pwm + ", \"pwmChip\": \"3280000.pwm\"", "pwmChannel is missing")]
    [InlineData(Pwm + ", \"pwmChannel\": 0", "pwmChip is missing")]
    public void A_part_that_names_no_line_or_channel_is_refused(string keys, string because) => Refused(because, Output("a", keys));

    // Pin 33 is channel 0 of 32c0000.pwm on this board; each name was taken by itself.
    [Theory]
    [InlineData("\"pin\": 33", "\"pwmChip\": \"32c0000.pwm\", \"pwmChannel\": 0")]
    [InlineData("\"pwmChip\": \"32c0000.pwm\", \"pwmChannel\": 0", "\"pin\": 33")]
    [InlineData("\"pin\": 33", "\"pin\": 33")]
    public void A_PWM_channel_under_two_names_has_one_user(string first, string second) =>
        Refused("uses already", Output("a", $"{Pwm}, {first}"), Output("b", $"{Pwm}, {second}"));

    // Its safe write waited behind the very write that hung.
    [Theory]
    [InlineData("header-i2c", "header-i2c", true)]
    [InlineData("header-i2c", "i2c-7", true)]
    [InlineData("i2c-7", "/dev/i2c-7", true)]
    [InlineData("header-i2c", "header-i2c-id", false)]
    public void A_cut_off_is_not_on_the_bus_it_is_to_cut_off(string bus, string upstreamBus, bool refused)
    {
        string valve = Output("a", $"\"driver\": \"mcp23017\", \"bus\": \"{bus}\", \"address\": \"0x20\", \"output\": 0, \"upstream\": \"actuator:valve:b\"");
        string pump = Output("b", $"\"driver\": \"mcp23017\", \"bus\": \"{upstreamBus}\", \"address\": \"0x21\", \"output\": 0");
        if (refused) Refused("a cut-off must be reached when that bus does not answer", valve, pump);
        else Assert.DoesNotContain(Read("", valve, pump).Problems, p => p.Severity == ProblemSeverity.Error);
    }

    // value1 = value2 made every reading that value, so that a condition on it held for ever; the others never expired, or failed later.
    [Theory]
    [InlineData("\"raw1\": 1, \"value1\": 30, \"raw2\": 2, \"value2\": 30", "value2", "every reading would be 30")]
    [InlineData("\"raw1\": 1, \"value1\": 0, \"raw2\": 2, \"value2\": 100, \"validFor\": \"30d\"", "on", "never expire")]
    [InlineData("\"raw1\": 1, \"value1\": 0, \"raw2\": 2, \"value2\": 100, \"validFor\": \"30d\", \"on\": \"9999-12-31\"", "on", "beyond the year 9999")]
    public void A_calibration_that_says_nothing_or_never_ends_is_refused(string calibration, string key, string because)
    {
        SiteReadResult read = Read($$"""{ "id": "sensor:soil:a", "zone": "z", "metric": "moisture", "unit": "%", "driver": "ads1115", "bus": "header-i2c", "address": "0x48", "input": "0", "calibration": { {{calibration}} } }""");

        Assert.Null(read.Site);
        Assert.Contains(read.Problems, p => p.Path == $"sensors[0].calibration.{key}" && p.What.Contains(because, StringComparison.Ordinal));
    }

    [Fact]
    public void A_calibration_with_its_day_is_taken_up_to_the_last_one_there_is()
    {
        SiteReadResult read = Read("""{ "id": "sensor:soil:a", "zone": "z", "metric": "moisture", "unit": "%", "driver": "ads1115", "bus": "header-i2c", "address": "0x48", "input": "0", "calibration": { "raw1": 1, "value1": 0, "raw2": 2, "value2": 100, "on": "9999-12-01", "validFor": "30d" } }""");

        Assert.Equal(new DateOnly(9999, 12, 31), ClawMesh.Edge.Hardware.Parts.Calibration.Of(read.Site!.Sensors[0].Wiring)!.ExpiresOn);
    }

    private static void Refused(string because, params string[] outputs)
    {
        SiteReadResult read = Read("", outputs);

        Assert.Null(read.Site);
        Assert.Contains(read.Problems, p => p.Severity == ProblemSeverity.Error && p.What.Contains(because, StringComparison.Ordinal));
    }

    private static string Output(string name, string keys) =>
        $$"""{ "ref": "actuator:valve:{{name}}", "zone": "z", "safe": "inactive", "maxOn": "1m", {{(keys.Contains("\"kind\"", StringComparison.Ordinal) ? "" : "\"kind\": \"onOff\", ")}}{{keys}} }""";

    private static SiteReadResult Read(string sensors, params string[] outputs) => SiteFile.Read(
        $$"""{ "schema": 1, "name": "bench", "board": "orin-nano", "simulated": false, "sensors": [{{sensors}}], "actuators": [{{string.Join(',', outputs)}}] }""", "bench.json", Boards);
}
