using System.Text.RegularExpressions;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Tests.House;

/// <summary>What a driver opens without root must be in the rules, and the page must name every group they use.</summary>
public sealed partial class UdevRulesTests
{
    private static readonly Dictionary<PartBus, string[]> Opened = new()
    {
        [PartBus.Gpio] = ["KERNEL==\"gpiochip[0-9]*\""],
        [PartBus.I2c] = ["KERNEL==\"i2c-[0-9]*\""],
        [PartBus.Spi] = ["KERNEL==\"spidev*\""],
        [PartBus.Serial] = ["ttyTHS[0-9]*", "ttyUSB[0-9]*"],
        [PartBus.Pwm] = ["KERNEL==\"pwmchip*\"", "export unexport", "period duty_cycle enable polarity"],
        [PartBus.OneWire] = ["SUBSYSTEM==\"w1\""],
        [PartBus.Kernel] = ["hwmon, IIO and thermal zones are read by everybody"],
    };

    private static string Rules => Repository.Text("hw/udev/60-clawmesh-edge.rules");

    [Fact]
    public void Every_kind_of_device_that_drivers_open_has_its_rule()
    {
        Assert.Equal(Enum.GetValues<PartBus>().Order(), Opened.Keys.Order());
        Assert.All(Opened.Values.SelectMany(v => v), device => Assert.Contains(device, Rules, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_group_of_the_rules_is_on_the_page_and_nothing_is_open_to_everybody()
    {
        string page = Repository.Text("docs/permissions.md");
        IEnumerable<string> groups = Group().Matches(Rules).Select(m => m.Groups["group"].Value).Distinct();

        Assert.All(groups, group => Assert.Contains($"| `{group}` |", page, StringComparison.Ordinal));
        Assert.DoesNotContain("0666", Rules, StringComparison.Ordinal);
        Assert.DoesNotContain("KERNEL==\"watchdog", Rules, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_is_one_line_of_comparisons_and_assignments() => Assert.All(
        Rules.Split('\n').Where(line => line.Length > 0 && line[0] != '#'),
        line => Assert.Matches(Rule(), line));

    [GeneratedRegex(@"(?:GROUP=""|chgrp )(?<group>\w+)")]
    private static partial Regex Group();

    [GeneratedRegex(@"^(?:[A-Z]+(?:\{\w+\})?(?:==|=|\+=)""[^""]*""(?:, |$))+$")]
    private static partial Regex Rule();
}
