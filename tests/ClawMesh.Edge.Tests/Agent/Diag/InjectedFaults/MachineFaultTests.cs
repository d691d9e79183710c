using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Tests.Agent.Cli;
using static ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults.HealthyFarm;

namespace ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults;

/// <summary>The module, its disk, its clock and its outputs: one fault each, its cause named, its fix followed, and all is green again.</summary>
public sealed class MachineFaultTests : IDisposable
{
    private readonly HealthyFarm _farm = new();

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task Heat_over_the_passive_trip_is_told_with_zone_and_trip()
    {
        _farm.Machine("sys/class/thermal/thermal_zone0/temp: 99500");

        CheckOutcome thermal = await _farm.DiagnosedAsync("platform.thermal", CheckStatus.Fail, FailureClass.Thermal);

        Names(thermal, "Clean the heatsink", "cpu-thermal has 99.5 °C", "throttles at 99.0 °C");
        _farm.Machine("sys/class/thermal/thermal_zone0/temp: 52000");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_rail_over_its_critical_limit_is_told_with_rail_and_limit()
    {
        _farm.Machine("sys/class/hwmon/hwmon2/curr1_crit_alarm: 1");

        CheckOutcome rails = await _farm.DiagnosedAsync("platform.rails", CheckStatus.Fail, FailureClass.Power);

        Names(rails, "unplug USB devices", "VDD_IN", "over its critical limit", "critical at 4.98 A");
        _farm.Machine("sys/class/hwmon/hwmon2/curr1_crit_alarm: 0");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_fan_that_is_driven_and_stands_is_told_with_its_duty()
    {
        _farm.Machine("sys/class/hwmon/hwmon1/rpm: 0");

        CheckOutcome fan = await _farm.DiagnosedAsync("platform.fan", CheckStatus.Fail, FailureClass.Thermal);

        Names(fan, "See whether something blocks it", "pwmfan", "30 %", "0 RPM");
        _farm.Machine("sys/class/hwmon/hwmon1/rpm: 2140");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_full_disk_is_told_in_bytes_with_what_it_stops()
    {
        _farm.Disk = _farm.Disk with { FreeBytes = 3L << 20 };

        CheckOutcome space = await _farm.DiagnosedAsync("storage.space", CheckStatus.Fail, FailureClass.Storage);

        Names(space, "--state-dir", "3 MiB of 32 GiB free", "the journal stops, and nothing can be energised");
        _farm.Disk = _farm.Disk with { FreeBytes = 8L << 30 };
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_state_directory_on_a_read_only_disk_is_told_with_the_remount()
    {
        _farm.Disk = _farm.Disk with { ReadOnly = true };

        CheckOutcome state = await _farm.DiagnosedAsync("storage.state-dir", CheckStatus.Fail, FailureClass.Storage, "storage.space");

        Names(state, "mount -o remount,rw", _farm.State.Path, "is not writable");
        _farm.Disk = _farm.Disk with { ReadOnly = false };
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_clock_that_was_never_set_is_told_with_the_ways_to_set_it()
    {
        ClockFacts set = _farm.Clock;
        _farm.Clock = set with { Class = ClockClass.Unsynchronised, Source = "the kernel clock is not disciplined; no battery-backed clock set the time at boot", Clears = "" };

        CheckOutcome clock = await _farm.DiagnosedAsync("clock.source", CheckStatus.Warn, FailureClass.Clock);

        Names(clock, "`clawmesh-edge clock set`", "unsynchronised", "no battery-backed clock", "CLOCK_UNTRUSTED");
        _farm.Clock = set with { Class = ClockClass.Operator, Source = "set by anna" };
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_clock_behind_the_journal_is_told_by_how_much()
    {
        await _farm.RememberAsync();
        ClockFacts set = _farm.Clock;
        _farm.Clock = set with { Offset = TimeSpan.FromHours(-2) };

        CheckOutcome clock = await _farm.DiagnosedAsync("clock.journal", CheckStatus.Warn, FailureClass.Clock);

        Names(clock, "`clawmesh-edge clock set`", "behind the newest journal record", "1 h 59 min");
        _farm.Clock = set;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_changed_record_of_the_journal_is_told_by_its_number_and_a_new_journal_is_green()
    {
        await _farm.RememberAsync();
        StoredJournal.Tamper(_farm.State, "UPDATE journal SET code = 'NO' WHERE seq = 2");

        CheckOutcome journal = await _farm.DiagnosedAsync("storage.journal", CheckStatus.Fail, FailureClass.Auth);

        Names(journal, "`clawmesh-edge journal reset`", "record 2", "does not hold");
        foreach (string file in Directory.EnumerateFiles(_farm.State.Path, "edge.db*")) File.Delete(file);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_journal_whose_pages_are_damaged_is_a_matter_of_the_disk()
    {
        await _farm.RememberAsync();
        using (FileStream file = new(Path.Combine(_farm.State.Path, "edge.db"), FileMode.Open, FileAccess.Write)) file.Write(new byte[4096]);

        CheckOutcome journal = await _farm.DiagnosedAsync("storage.journal", CheckStatus.Fail, FailureClass.Storage);

        Names(journal, "`clawmesh-edge journal reset`", "does not hold");
        foreach (string path in Directory.EnumerateFiles(_farm.State.Path, "edge.db*")) File.Delete(path);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_identity_that_cannot_be_used_is_told_with_its_path()
    {
        await _farm.RememberAsync();
        string path = Path.Combine(_farm.State.Path, DeviceIdentity.RelativePath);
        string good = File.ReadAllText(path);
        File.WriteAllText(path, good[..(good.Length / 2)]);

        CheckOutcome identity = await _farm.DiagnosedAsync("trust.identity", CheckStatus.Fail, FailureClass.Auth);

        Names(identity, "backup", path);
        File.WriteAllText(path, good);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_port_somebody_else_listens_on_is_told_with_the_process_and_another_port()
    {
        _farm.Machine(
            """
            proc/net/tcp:   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 00000000:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1
            proc/4711/comm: old-node
            proc/4711/fd/5 -> socket:[31337]
            """);

        CheckOutcome port = await _farm.DiagnosedAsync("network.port", CheckStatus.Warn, FailureClass.Config);

        Names(port, "clawmesh-edge config set port 18790", "18789 is held by pid 4711 (old-node)");
        Directory.Delete(_farm.At("proc/4711"), recursive: true);
        File.Delete(_farm.At("proc/net/tcp"));
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_PWM_channel_that_still_runs_without_a_node_is_a_fail_and_safe_state_ends_it()
    {
        _farm.Machine($"{PwmChannel}/period: 1000000\n{PwmChannel}/duty_cycle: 600000\n{PwmChannel}/enable: 1\n{PwmChannel}/polarity: normal");

        CheckOutcome fan = await _farm.DiagnosedAsync(Fan, CheckStatus.Fail, FailureClass.Interlock);

        Names(fan, "`clawmesh-edge safe-state`", "is 0.6 while no node runs", "pwmChip 32c0000.pwm");
        Assert.Equal("600000", File.ReadAllText(_farm.At($"{PwmChannel}/duty_cycle")).Trim());
        _farm.SafeState(Fan);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_relay_of_an_expander_that_is_still_on_without_a_node_is_a_fail_and_safe_state_ends_it()
    {
        // Pin 3 of port A is an output and high: registers IODIRA and OLATA.
        (_farm.Expander[0x00], _farm.Expander[0x14]) = (0xf7, 0x08);

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve2, CheckStatus.Fail, FailureClass.Interlock);

        Names(valve, "`clawmesh-edge safe-state`", "is active while no node runs", "its safe value is inactive", "address 0x20");
        _farm.SafeState(Valve2);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_output_without_a_declared_effect_is_a_warning_until_one_is_declared()
    {
        System.Text.Json.Nodes.JsonNode effect = _farm.Entry(Valve1)["effect"]!.DeepClone();
        _farm.Edit(_ => _farm.Entry(Valve1).Remove("effect"));

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Warn, FailureClass.ActuationUnconfirmed, "io.site");

        Names(valve, "Declare `effect`", "no effect is declared", "effect_unconfirmed");
        _farm.Edit(_ => _farm.Entry(Valve1)["effect"] = effect);
        await _farm.AssertGreenAsync();
    }
}
