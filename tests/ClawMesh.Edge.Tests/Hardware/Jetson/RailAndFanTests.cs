using ClawMesh.Edge.Hardware.Jetson;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Jetson;

public sealed class RailAndFanTests : IDisposable
{
    private readonly ScratchDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Unconnected_disabled_and_summing_channels_are_no_rails()
    {
        JetsonTrees.Unpack("agx-orin", _root.Path);
        Put("sys/class/hwmon/hwmon9", ("name", "ina3221"), ("in1_label", "VDD_SYNC"), ("in1_input", "1000"), ("curr1_input", "1"), ("in2_label", "NC (disabled)"), ("curr2_input", "1"));

        Assert.Equal(["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO", "VDD_SYNC"], PowerRail.Find(_root.Path).Select(r => r.Name));
    }

    [Fact]
    public void Limits_may_carry_their_unit()
    {
        JetsonTrees.Unpack("nano", _root.Path);

        PowerRail input = PowerRail.Find(_root.Path)[0];

        Assert.True(input.IsTotal);
        Assert.Equal((5.088, 0.4, 4.5, 5.0), (input.Volts, input.Amperes, input.WarnAmperes, input.CriticalAmperes));
        Assert.False(input.IsOverWarning);
    }

    [Theory]
    [InlineData("4600", true, false)]
    [InlineData("5100", true, true)]
    public void Without_an_alarm_of_the_chip_the_current_is_held_against_its_limits(string milliamperes, bool warning, bool critical)
    {
        JetsonTrees.Unpack("nano", _root.Path);
        _root.Put("sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_current0_input", milliamperes + "\n");

        PowerRail input = PowerRail.Find(_root.Path)[0];

        Assert.Equal((warning, critical), (input.IsOverWarning, input.IsOverCritical));
    }

    [Fact]
    public void The_chips_own_alarm_counts_whatever_the_current_is_by_now()
    {
        JetsonTrees.Unpack("orin-nano", _root.Path);
        _root.Put("sys/class/hwmon/hwmon2/curr1_crit_alarm", "1\n");

        Assert.True(PowerRail.Find(_root.Path)[0].IsOverCritical);
    }

    [Fact]
    public void A_fan_whose_output_and_tachometer_are_two_devices_is_one_fan()
    {
        JetsonTrees.Unpack("thor", _root.Path);

        Fan fan = Assert.Single(Fan.Find(_root.Path));

        Assert.Equal("pwmfan", fan.Name);
        Assert.Equal(22.745, fan.DutyPercent!.Value, precision: 3);
        Assert.Equal(1773, fan.Rpm);
    }

    [Fact]
    public void Of_two_fans_the_device_tree_says_which_tachometer_belongs_to_which()
    {
        // As in a real tree, the entries of the class are links, and of_node is relative to where they lead.
        Device("a", 0, "pwmfan", "fan-left", ("pwm1", "100"));
        Device("b", 1, "pwmfan", "fan-right", ("pwm1", "200"));
        Device("c", 2, "pwm_tach", "fan-right", ("rpm", "2000"));
        Device("d", 3, "pwm_tach", "fan-left", ("rpm", "1000"));

        IReadOnlyList<Fan> fans = Fan.Find(_root.Path);

        Assert.Equal([("pwmfan", 1000.0), ("pwmfan-2", 2000.0)], fans.Select(f => (f.Name, f.Rpm!.Value)));
    }

    [Fact]
    public void Fans_that_nothing_connects_are_told_apart()
    {
        Put("sys/class/hwmon/hwmon0", ("name", "pwmfan"), ("pwm1", "100"));
        Put("sys/class/hwmon/hwmon1", ("name", "pwmfan"), ("pwm1", "100"));
        Put("sys/class/hwmon/hwmon2", ("name", "pwm_tach"), ("rpm", "1500"));

        Assert.Equal([("pwmfan", false), ("pwmfan-2", false), ("pwm-tach", true)], Fan.Find(_root.Path).Select(f => (f.Name, f.SpeedFile is not null)));
    }

    [Fact]
    public void A_driver_that_does_both_is_one_fan()
    {
        Put("sys/class/hwmon/hwmon0", ("name", "pwmfan"), ("pwm1", "255"), ("fan1_input", "4000"));

        Fan fan = Assert.Single(Fan.Find(_root.Path));

        Assert.Equal((100.0, 4000.0), (fan.DutyPercent, fan.Rpm));
    }

    private void Device(string name, int number, string chip, string node, params (string File, string Text)[] files)
    {
        string real = $"sys/devices/platform/{name}/hwmon/hwmon{number}";
        Put(real, [("name", chip), .. files]);
        Directory.CreateDirectory(_root.At($"sys/firmware/devicetree/base/{node}"));
        File.CreateSymbolicLink(_root.At($"{real}/of_node"), $"../../../../../firmware/devicetree/base/{node}");
        Directory.CreateDirectory(_root.At("sys/class/hwmon"));
        File.CreateSymbolicLink(_root.At($"sys/class/hwmon/hwmon{number}"), $"../../devices/platform/{name}/hwmon/hwmon{number}");
    }

    private void Put(string directory, params (string File, string Text)[] files)
    {
        foreach ((string file, string text) in files) _root.Put($"{directory}/{file}", text + "\n");
    }
}
