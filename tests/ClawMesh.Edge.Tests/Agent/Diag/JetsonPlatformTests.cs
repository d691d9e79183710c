using System.Text.Json;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Hardware.Jetson;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Hardware.Jetson;

namespace ClawMesh.Edge.Tests.Agent.Diag;

/// <summary><c>diag platform</c> on the constructed tree of each family, whole and with one thing broken.</summary>
public sealed class JetsonPlatformTests : IDisposable
{
    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Theory]
    [InlineData("orin-nano", "", "flash", "5.5 W into the board at 5.02 V")]
    [InlineData("agx-orin", "", "", "9.1 W sum of monitored rails")]
    [InlineData("xavier-nx", "", "", "4.9 W into the board at 5.08 V")]
    [InlineData("agx-xavier", "kernel", "boot-slots", "5.5 W sum of monitored rails")]
    [InlineData("tx2", "kernel", "boot-slots", "4.6 W into the board at 19.06 V")]
    [InlineData("nano", "kernel", "boot-slots flash", "2.0 W into the board at 5.09 V")]
    [InlineData("thor", "", "flash", "28.1 W sum of monitored rails")]
    public async Task A_board_of_each_family_in_good_order_passes(string family, string warned, string skipped, string rails)
    {
        JetsonTrees.Unpack(family, _diag.Host.Root);

        JsonElement[] checks = [.. DiagBench.Checks(await _diag.JsonAsync("platform"))];

        // The load of the tree is fixed and the processors are those of the machine the test runs on.
        Assert.Equal(warned.Split(' ', StringSplitOptions.RemoveEmptyEntries), Named("warn"));
        Assert.Equal(skipped.Split(' ', StringSplitOptions.RemoveEmptyEntries), Named("skip"));
        Assert.Empty(Named("fail"));
        checks.Single(c => c.GetProperty("id").GetString() == "platform.rails").Has("pass", rails);

        string[] Named(string status) => [.. checks.Where(c => c.Status() == status).Select(c => c.GetProperty("id").GetString()!["platform.".Length..])];
    }

    public static TheoryData<string, string, string, string, string> Faults => new()
    {
        // what breaks, the check, its status, a part of its summary, a part of its fix
        { "sys/class/thermal/thermal_zone0/temp: 92000", "thermal", "warn", "cpu-thermal 92.0 °C", "Clean the heatsink" },
        { "sys/class/thermal/thermal_zone0/temp: 99000", "thermal", "fail", "cpu-thermal 99.0 °C", "Clean the heatsink" },
        { "sys/class/thermal/cooling_device2/cur_state: 4", "throttling", "warn", "devfreq-17000000.gpu at step 4 of 7", "Clean the heatsink" },
        { "sys/class/hwmon/hwmon3/oc1_event_cnt: 3", "throttling", "warn", "slow down 3 times", "short, thick cable" },
        { "sys/class/hwmon/hwmon2/curr1_max_alarm: 1", "rails", "warn", "VDD_IN 5.02 V, 1.10 A, 5.54 W is over its warning limit", "unplug USB devices" },
        { "sys/class/hwmon/hwmon2/curr1_crit_alarm: 1", "rails", "fail", "VDD_IN 5.02 V, 1.10 A, 5.54 W is over its critical limit", "unplug USB devices" },
        { "sys/class/hwmon/hwmon2/in1_input: 4600", "rails", "warn", "is below 4.75 V", "Measure at the input" },
        { "sys/class/hwmon/hwmon2/in1_input: no", "rails", "warn", "does not answer for VDD_IN", "0x40" },
        { "var/lib/nvpmodel/status: pmode:0002", "power-mode", "warn", "MAXN_SUPER (mode 2); this board's default is 25W (mode 1)", "sudo nvpmodel -m 1" },
        { "var/lib/nvpmodel/status: pmode:0009", "power-mode", "fail", "the power mode is 9, and /etc/nvpmodel.conf has no such mode", "0 15W, 1 25W, 2 MAXN_SUPER, 3 7W" },
        { "var/lib/nvpmodel/status: garbage", "power-mode", "fail", "names no power mode", "sudo nvpmodel -m 1" },
        { "etc/nv_tegra_release: # R41 (release), REVISION: 1.0, GCID: 1, BOARD: generic", "l4t", "warn", "L4T 41.1.0 is newer than this build knows", "Update clawmesh-edge" },
        { "etc/nv_tegra_release: # something else", "l4t", "warn", "does not understand", "nvidia-l4t-core" },
        { "sys/class/watchdog/watchdog0/timeout: 120", "watchdog", "warn", "waits 120 s", "RuntimeWatchdogSec" },
        { "sys/block/mmcblk0/device/life_time: 0x09 0x02", "flash", "warn", "has used 80 to 90 %", "iotop" },
        { "sys/block/mmcblk0/device/life_time: 0x0b 0x02", "flash", "fail", "past its rated life", "Back up the state directory" },
        { "sys/block/mmcblk0/device/life_time: 0x01 0x01\nsys/block/mmcblk0/device/pre_eol_info: 0x03", "flash", "fail", "nearly all of its spare blocks", "Back up the state directory" },
        { "sys/firmware/efi/efivars/RootfsStatusSlotB-781e084c-a330-417c-b678-38e696380cb9: \\x07\\0\\0\\0\\xff\\0\\0\\0", "boot-slots", "warn", "a boot slot is not normal", "nvbootctrl verify" },
        { "sys/firmware/efi/efivars/RootfsStatusSlotA-781e084c-a330-417c-b678-38e696380cb9: \\x07\\0\\0\\0\\xff\\0\\0\\0", "boot-slots", "fail", "slot A, from which this system runs, is marked unbootable", "nvbootctrl verify" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_is_named_with_what_to_do_about_it(string change, string check, string status, string summary, string fix)
    {
        JetsonTrees.Unpack("orin-nano", _diag.Host.Root);
        FileTree.Unpack(change, _diag.Host.Root);

        JsonElement result = await _diag.CheckAsync($"platform.{check}");

        result.Has(status, summary);
        Assert.Contains(fix, result.Fix(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("etc/nv_tegra_release", "l4t", "fail", "without /etc/nv_tegra_release")]
    [InlineData("var/lib/nvpmodel/status", "power-mode", "warn", "no power mode has been set")]
    [InlineData("sys/class/devfreq/17000000.gpu", "clocks", "warn", "no GPU frequency node")]
    [InlineData("sys/class/watchdog/watchdog0", "watchdog", "warn", "no hardware watchdog")]
    public async Task A_part_that_is_missing_on_a_Jetson_is_named(string lost, string check, string status, string summary)
    {
        JetsonTrees.Unpack("orin-nano", _diag.Host.Root);
        string path = _diag.Host.At(lost);
        if (Directory.Exists(path) && !File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint)) Directory.Delete(path, recursive: true);
        else File.Delete(path);

        (await _diag.CheckAsync($"platform.{check}")).Has(status, summary);
    }

    [Fact]
    public async Task The_trip_at_which_only_an_alert_of_the_enclosure_goes_off_is_not_one_at_which_it_throttles()
    {
        JetsonTrees.Unpack("orin-nano", _diag.Host.Root);
        _diag.Machine("sys/class/thermal/thermal_zone0/temp", "75000\n");
        _diag.Machine("sys/class/thermal/cooling_device6/cur_state", "1\n");

        JsonElement thermal = await _diag.CheckAsync("platform.thermal");
        JsonElement throttling = await _diag.CheckAsync("platform.throttling");

        thermal.Has("pass", "cpu-thermal 75.0 °C");
        Assert.Equal(99, thermal.Value("throttleCelsius"));
        throttling.Has("pass", "nothing is held back");
        Assert.Contains("hot to the touch", throttling.Why(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heat_and_supply_together_are_both_explained()
    {
        JetsonTrees.Unpack("orin-nano", _diag.Host.Root);
        FileTree.Unpack("sys/class/thermal/cooling_device4/cur_state: 1\nsys/class/thermal/cooling_device5/cur_state: 1\nsys/class/hwmon/hwmon3/oc3_event_cnt: 27", _diag.Host.Root);

        JsonElement check = await _diag.CheckAsync("platform.throttling");

        check.Has("warn", "cpu-throttle-alert at step 1 of 1 and 1 more");
        Assert.Contains("current peak too high: 27 times", check.Why(), StringComparison.Ordinal);
        Assert.Contains("thick cable", check.Fix(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sys/class/hwmon/hwmon1/rpm: 0", "fail", "pwmfan is driven and does not turn", "replace the fan")]
    [InlineData("sys/class/hwmon/hwmon1/rpm: 0\nsys/class/hwmon/hwmon0/pwm1_enable: 0", "fail", "pwmfan is driven and does not turn", "nvfancontrol")]
    [InlineData("sys/class/hwmon/hwmon1/rpm: 0\nsys/class/hwmon/hwmon0/pwm1: 0", "pass", "pwmfan at 0 %, 0 RPM", null)]
    public async Task A_fan_is_watched_for_a_while_before_it_is_called_stalled(string change, string status, string summary, string? fix)
    {
        JetsonTrees.Unpack("orin-nano", _diag.Host.Root);
        FileTree.Unpack(change, _diag.Host.Root);

        CheckOutcome outcome = await FanAsync(_ => { });

        Assert.Equal(status, outcome.Status.Word());
        Assert.Contains(summary, outcome.Summary, StringComparison.Ordinal);
        Assert.Contains(fix ?? "", outcome.Fix ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fan_that_was_just_started_is_given_time_to_spin_up()
    {
        JetsonTrees.Unpack("orin-nano", _diag.Host.Root);
        _diag.Machine("sys/class/hwmon/hwmon1/rpm", "0\n");

        CheckOutcome outcome = await FanAsync(step =>
        {
            if (step == 3) _diag.Machine("sys/class/hwmon/hwmon1/rpm", "900\n");
        });

        Assert.Equal(CheckStatus.Pass, outcome.Status);
    }

    [Fact]
    public async Task A_fan_without_a_tachometer_is_a_warning_once_it_is_driven()
    {
        JetsonTrees.Unpack("nano", _diag.Host.Root);
        CheckOutcome resting = await FanAsync(_ => { });
        _diag.Machine("sys/devices/pwm-fan/target_pwm", "128\n");

        CheckOutcome driven = await FanAsync(_ => { });

        Assert.Equal(CheckStatus.Pass, resting.Status);
        Assert.Equal(CheckStatus.Warn, driven.Status);
    }

    [Fact]
    public async Task Another_machine_is_spared_questions_about_Jetsons()
    {
        _diag.Machine("proc/sys/kernel/osrelease", "6.8.0-generic\n");

        foreach (string name in (string[])["module", "l4t", "boot-slots", "power-mode", "clocks", "throttling", "fan", "rails", "watchdog", "flash"])
        {
            JsonElement check = await _diag.CheckAsync($"platform.{name}");
            Assert.Equal("skip", check.Status());
            Assert.False(string.IsNullOrWhiteSpace(check.Summary()));
        }
    }

    private async Task<CheckOutcome> FanAsync(Action<int> between)
    {
        var time = new ManualTime();
        Task<CheckOutcome> check = FanCheck.RunAsync(JetsonFacts.Read(_diag.Host.Root), _diag.Host.Root, time, TestContext.Current.CancellationToken);
        for (int step = 0; !check.IsCompleted && step < 100; step++)
        {
            between(step);
            time.Advance(time.UntilNextTimer ?? TimeSpan.Zero);
            await Task.Yield();
        }

        return await check;
    }
}
