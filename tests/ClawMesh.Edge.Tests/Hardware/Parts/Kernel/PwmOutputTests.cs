using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Parts.Kernel;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Hardware.Outputs;
using ClawMesh.Edge.Tests.Native;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Kernel;

public sealed class PwmOutputTests : IDisposable
{
    private const string Fan = "actuator:fan:F1";

    private readonly ScratchDirectory _root = new();
    private readonly ManualTime _time = new();
    private readonly TestPermits _permits;
    private readonly List<SiteBuses> _buses = [];

    public PwmOutputTests() => _permits = new TestPermits(_time);

    [Fact]
    public async Task A_fresh_channel_gets_its_period_before_anything_else_and_runs_at_the_duty_of_the_permit()
    {
        var pwm = new FakePwm(_root);
        PwmOutput output = Open(pwm);

        await ApplyAsync(output, 0.25);

        Assert.Equal(["export=0", "period=1000000", "duty_cycle=250000", "enable=1"], pwm.Taken);
        Assert.Equal(new OutputValue(0.25), output.ReadBack());
        await ApplyAsync(output, 0.5);
        Assert.Equal("duty_cycle=500000", Assert.Single(pwm.Taken.Skip(4)));
        Assert.Equal("pwm:3280000.pwm", output.Bus);
    }

    [Fact]
    public void Nothing_is_touched_before_the_first_write_and_the_safe_value_needs_no_permit()
    {
        var pwm = new FakePwm(_root);
        PwmOutput output = Open(pwm);
        Assert.Null(output.ReadBack());
        Assert.Empty(pwm.Taken);

        SafeResult safe = output.MakeSafe(SafeCause.Start);

        Assert.Equal((true, ""), (safe.Confirmed, safe.Detail));
        Assert.Equal(["export=0", "period=1000000", "duty_cycle=0", "enable=1"], pwm.Taken);
        Assert.All(pwm.Levels.Where(double.IsFinite), level => Assert.Equal(0, level));
        Assert.False(output.MakeSafe(SafeCause.Operator).WasEnergised);
    }

    [Fact]
    public void An_earlier_life_s_running_channel_goes_safe_with_one_write()
    {
        var pwm = new FakePwm(_root);
        pwm.Leave(1_000_000, 800_000, enabled: true);
        PwmOutput output = Open(pwm);
        Assert.Equal(new OutputValue(0.8), output.ReadBack());

        SafeResult safe = output.MakeSafe(SafeCause.Recovery);

        Assert.Equal((true, true), (safe.WasEnergised, safe.Confirmed));
        Assert.Equal(["duty_cycle=0"], pwm.Taken);
    }

    [Theory]
    [InlineData(10_000_000, 9_000_000)]
    [InlineData(100_000, 90_000)]
    public void A_running_channel_rests_before_its_period_changes_in_either_direction(long period, long duty)
    {
        var pwm = new FakePwm(_root);
        pwm.Leave(period, duty, enabled: true);

        Assert.True(Open(pwm).MakeSafe(SafeCause.Start).Confirmed);

        Assert.Equal(["duty_cycle=0", "period=1000000", "duty_cycle=0"], pwm.Taken);
        Assert.All(pwm.Levels, level => Assert.Equal(0, level));
    }

    [Fact]
    public async Task An_inverted_output_gets_its_polarity_while_the_channel_stands_still()
    {
        var pwm = new FakePwm(_root);
        PwmOutput output = Open(pwm, "\"inverted\": true");

        Assert.True(output.MakeSafe(SafeCause.Start).Confirmed);
        Assert.Equal(["export=0", "period=1000000", "polarity=inversed", "duty_cycle=0", "enable=1"], pwm.Taken);
        Assert.Equal(1, pwm.Levels[^1]);

        await ApplyAsync(output, 0.75);
        Assert.Equal(0.25, pwm.Levels[^1]);
        Assert.Equal(new OutputValue(0.75), output.ReadBack());
    }

    [Fact]
    public async Task Where_polarity_cannot_be_had_the_duty_is_mirrored()
    {
        var pwm = new FakePwm(_root) { HasPolarity = false };
        PwmOutput output = Open(pwm, "\"inverted\": true");

        Assert.True(output.MakeSafe(SafeCause.Start).Confirmed);
        Assert.Equal(["export=0", "period=1000000", "duty_cycle=1000000", "enable=1"], pwm.Taken);
        await ApplyAsync(output, 0.75);
        Assert.Equal((0.25, new OutputValue(0.75)), (pwm.Levels[^1], output.ReadBack()));

        // The next life finds it running and does not stop it: a stopped channel's level is nobody's promise.
        pwm.Taken.Clear();
        Assert.True(Open(pwm, "\"inverted\": true").MakeSafe(SafeCause.Start).Confirmed);
        Assert.Equal(["duty_cycle=1000000"], pwm.Taken);
    }

    [Fact]
    public void A_running_channel_of_the_other_polarity_is_mirrored_too()
    {
        var pwm = new FakePwm(_root);
        pwm.Leave(1_000_000, 0, enabled: true, polarity: "inversed");

        Assert.True(Open(pwm).MakeSafe(SafeCause.Start).Confirmed);
        Assert.Equal(0, pwm.Levels[^1]);
    }

    [Fact]
    public void Files_that_udev_has_not_handed_over_yet_are_waited_for()
    {
        long start = _time.GetTimestamp();
        var pwm = new FakePwm(_root) { Denied = 5 };

        Assert.True(Open(pwm).MakeSafe(SafeCause.Start).Confirmed);
        Assert.InRange(_time.GetElapsedTime(start).TotalMilliseconds, 49.9, 60);
    }

    [Fact]
    public void A_channel_that_stays_closed_is_no_permission_and_is_tried_again_at_the_next_write()
    {
        long start = _time.GetTimestamp();
        var pwm = new FakePwm(_root) { Denied = 500 };
        PwmOutput output = Open(pwm);

        SafeResult denied = output.MakeSafe(SafeCause.Start);

        Assert.False(denied.Confirmed);
        Assert.Contains("udev rules", denied.Detail);
        Assert.InRange(_time.GetElapsedTime(start).TotalSeconds, 0.99, 1.1);
        pwm.Denied = 0;
        Assert.True(output.MakeSafe(SafeCause.Start).Confirmed);
    }

    [Fact]
    public async Task A_channel_of_a_kernel_driver_is_busy_and_a_wrong_number_is_told()
    {
        var pwm = new FakePwm(_root) { HeldByKernel = true };
        EdgeException busy = await FaultAsync(Open(pwm));
        EdgeException number = await FaultAsync(Open(pwm, channel: 3));

        Assert.Equal(("pwm.channel_busy", FailureClass.Config), (busy.Code, busy.FailureClass));
        Assert.Equal("pwm.no_channel", number.Code);
        Assert.Contains("channels 0 to 0", number.Why);
        Assert.Empty(pwm.Taken);
    }

    [Fact]
    public async Task A_period_the_controller_cannot_do_is_told()
    {
        var pwm = new FakePwm(_root) { ShortestPeriod = 2_000_000 };

        EdgeException fault = await FaultAsync(Open(pwm));

        Assert.Equal(("pwm.period_refused", FailureClass.Config), (fault.Code, fault.FailureClass));
        Assert.Contains("1000000 ns", fault.Why);
    }

    [Fact]
    public async Task A_period_that_is_refused_keeps_no_running_channel_from_its_safe_value()
    {
        var pwm = new FakePwm(_root) { ShortestPeriod = 2_000_000 };
        pwm.Leave(5_000_000, 1_000_000, enabled: true);
        PwmOutput open = Open(pwm, safe: "\"active\"");

        Assert.True(open.MakeSafe(SafeCause.Start).Confirmed);
        Assert.Equal("5000000", pwm.Text("duty_cycle"));
        Assert.Equal("pwm.period_refused", (await FaultAsync(open)).Code);
        Assert.True(Open(pwm).MakeSafe(SafeCause.Fault).Confirmed);
        Assert.Equal(("0", "5000000"), (pwm.Text("duty_cycle"), pwm.Text("period")));
    }

    [Fact]
    public async Task The_fan_s_controller_is_not_handed_out_under_any_of_its_names()
    {
        var pwm = new FakePwm(_root, "32a0000.pwm", number: 4);

        Assert.Equal("pwm.reserved", (await FaultAsync(Open(pwm, chip: "32a0000.pwm"))).Code);
        Assert.Equal("pwm.reserved", (await FaultAsync(Open(pwm, chip: "pwmchip4"))).Code);
        Assert.Empty(pwm.Taken);

        var tx2 = new BoardDefinition("tx2", "", "", "", []) { Pins = [new(33, "", null, new BoardPwm("32a0000.pwm", 0, "PWM3"), "")] };
        Assert.False(PwmChips.IsReserved("32a0000.pwm", tx2));
        Assert.True(PwmChips.IsReserved("32a0000.pwm", tx2 with { Pins = [] }));
    }

    [Theory]
    [InlineData("3280000.pwm")]
    [InlineData("pwmchip2")]
    [InlineData("pca9685")]
    public async Task A_controller_is_found_by_device_number_or_name(string chip)
    {
        var pwm = new FakePwm(_root, number: 2);
        _root.Put("sys/devices/platform/bus@0/3280000.pwm/name", "pca9685\n");
        PwmOutput output = Open(pwm, chip: chip);

        await ApplyAsync(output, 1);

        Assert.Equal(OutputValue.Active, output.ReadBack());
    }

    [Fact]
    public async Task A_controller_that_is_not_there_is_told_with_those_that_are()
    {
        var pwm = new FakePwm(_root, number: 2);

        EdgeException fault = await FaultAsync(Open(pwm, chip: "32c0000.pwm"));

        Assert.Equal(("pwm.no_chip", FailureClass.DeviceAbsent), (fault.Code, fault.FailureClass));
        Assert.Contains("pwmchip2 (3280000.pwm)", fault.Why);
    }

    [Fact]
    public async Task A_channel_that_was_given_back_is_claimed_again()
    {
        var pwm = new FakePwm(_root);
        PwmOutput output = Open(pwm);
        await ApplyAsync(output, 0.5);
        Directory.Delete(pwm.Channel, recursive: true);
        pwm.Taken.Clear();

        Assert.True(output.MakeSafe(SafeCause.LeaseEnd).Confirmed);
        Assert.Equal(["export=0", "period=1000000", "duty_cycle=0", "enable=1"], pwm.Taken);
    }

    [Fact]
    public async Task A_duty_that_another_program_changed_is_a_contradiction_and_rounding_is_none()
    {
        var pwm = new FakePwm(_root);
        var rounding = new Rounding(pwm, 3_906);
        PwmOutput output = Open(rounding);
        await ApplyAsync(output, 0.3333);

        rounding.By = 200_000;
        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => ApplyAsync(output, 0.5));

        Assert.Equal("output.readback_contradicts", fault.Code);
    }

    // Both were opened, and each moved the other's load.
    [Fact]
    public async Task A_channel_another_output_of_the_site_has_under_another_name_is_not_moved_not_even_to_a_safe_value()
    {
        var pwm = new FakePwm(_root, number: 2);
        SiteBuses buses = NewBuses();
        PwmOutput first = Open(pwm, buses: buses);
        PwmOutput second = Open(pwm, chip: "pwmchip2", safe: "\"active\"", id: "actuator:fan:F2", buses: buses);
        await ApplyAsync(first, 0.5);
        int taken = pwm.Taken.Count;

        SafeResult safe = second.MakeSafe(SafeCause.Start);
        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(
            () => second.ApplyAsync(_permits.For("actuator:fan:F2", OutputValue.Inactive), OutputValue.Inactive, CancellationToken.None));

        Assert.Equal(("pwm.channel_taken", FailureClass.Config), (fault.Code, fault.FailureClass));
        Assert.Contains($"already '{Fan}'", fault.Why);
        Assert.False(safe.Confirmed);
        Assert.Null(second.ReadBack());
        Assert.Equal(taken, pwm.Taken.Count);
        Assert.True(first.MakeSafe(SafeCause.LeaseEnd).Confirmed);
    }

    // The period was changed at a duty that rests under neither: a step was active without a permit.
    [Theory]
    [InlineData(10_000_000)]
    [InlineData(100_000)]
    public async Task A_running_mirrored_channel_goes_safe_at_the_period_it_has(long period)
    {
        var pwm = new FakePwm(_root) { HasPolarity = false };
        pwm.Leave(period, period, enabled: true);
        PwmOutput output = Open(pwm, "\"inverted\": true, \"frequency\": 1000");

        Assert.True(output.MakeSafe(SafeCause.Start).Confirmed);

        Assert.Equal([$"duty_cycle={period}"], pwm.Taken);
        Assert.All(pwm.Levels, level => Assert.Equal(1, level));
        await ApplyAsync(output, 0.75);
        Assert.Equal(("1000000", 0.25), (pwm.Text("period"), pwm.Levels[^1]));
    }

    [Fact]
    public async Task Without_a_permit_that_holds_nothing_is_written()
    {
        var pwm = new FakePwm(_root);
        PwmOutput output = Open(pwm);
        Permit permit = _permits.For(Fan, new OutputValue(0.5));

        DriveResult otherValue = await output.ApplyAsync(permit, OutputValue.Active, CancellationToken.None);
        DriveResult otherOutput = await output.ApplyAsync(_permits.For("actuator:fan:F2", OutputValue.Active), OutputValue.Active, CancellationToken.None);
        Assert.NotNull(otherValue.Refusal);
        Assert.NotNull(otherOutput.Refusal);
        Assert.Empty(pwm.Taken);

        Permit once = _permits.For(Fan, new OutputValue(0.5));
        await output.ApplyAsync(once, new OutputValue(0.5), CancellationToken.None);
        int taken = pwm.Taken.Count;
        DriveResult spent = await output.ApplyAsync(once, new OutputValue(0.5), CancellationToken.None);
        Assert.NotNull(spent.Refusal);
        Assert.Equal(taken, pwm.Taken.Count);
    }

    public void Dispose()
    {
        foreach (SiteBuses buses in _buses) buses.Dispose();
        _root.Dispose();
    }

    private async Task ApplyAsync(PwmOutput output, double ratio)
    {
        var value = new OutputValue(ratio);
        DriveResult result = await output.ApplyAsync(_permits.For(Fan, value), value, CancellationToken.None);
        Assert.Null(result.Refusal);
    }

    private async Task<EdgeException> FaultAsync(PwmOutput output) => await Assert.ThrowsAsync<EdgeException>(() => ApplyAsync(output, 0.5));

    private PwmOutput Open(IPwmFiles pwm, string keys = "\"frequency\": 1000", string chip = "3280000.pwm", int channel = 0, string safe = "\"inactive\"", string id = Fan, SiteBuses? buses = null)
    {
        SiteReadResult read = SiteFile.Read(
            $$"""
            { "schema": 1, "name": "bench", "board": "simulated", "simulated": false, "sensors": [],
              "actuators": [ { "ref": "{{id}}", "zone": "bed", "kind": "level", "driver": "pwm", "safe": {{safe}}, "maxOn": "10m",
                               "pwmChip": "{{chip}}", "pwmChannel": {{channel}}, {{keys}} } ] }
            """,
            "bench.json", new BoardCatalog("/nonexistent"));
        Assert.DoesNotContain(read.Problems, p => p.Severity == ProblemSeverity.Error);
        return new PwmOutput(new PartSite(Ports, buses ?? NewBuses(), null, _time), read.Site!.Actuators[0], null, pwm);
    }

    private FakePorts Ports => new() { Root = _root.Path, Waits = _time.Advance };

    private SiteBuses NewBuses()
    {
        var buses = new SiteBuses(Ports, null, _time);
        _buses.Add(buses);
        return buses;
    }

    /// <summary>A controller that makes something else of a duty than was asked for.</summary>
    private sealed class Rounding(FakePwm pwm, long by) : IPwmFiles
    {
        public long By { get; set; } = by;

        public string Read(string path) => pwm.Read(path);

        public void Write(string path, string text) =>
            pwm.Write(path, path.EndsWith("duty_cycle", StringComparison.Ordinal) && text != "0" ? $"{long.Parse(text, System.Globalization.CultureInfo.InvariantCulture) - By}" : text);
    }
}
