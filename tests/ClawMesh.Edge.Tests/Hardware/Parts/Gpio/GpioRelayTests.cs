using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Gpio;

public sealed class GpioRelayTests : IDisposable
{
    private const string OneLine = "\"driver\": \"gpio-relay\", \"chip\": \"bank\", \"line\": \"A\"";
    private const string ThreeLines = "\"driver\": \"gpio-relay\", \"chip\": \"bank\", \"line\": \"A,C,B\"";

    private readonly GpioBench _bench = new("A", "B", "C", "D");

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("inactive", false, 0)]
    [InlineData("active", false, 1)]
    [InlineData("inactive", true, 1)]
    [InlineData("active", true, 0)]
    public void The_line_is_at_its_safe_value_from_the_moment_it_is_requested(string safe, bool activeLow, ulong level)
    {
        OutputDriver relay = _bench.OpenOutput($"{OneLine}, \"activeLow\": {(activeLow ? "true" : "false")}", safe);

        relay.MakeSafe(SafeCause.Start);

        Assert.Equal(new FakeGpioWrite("clawmesh:valve:V1", level, AtRequest: true), _bench.Gpio.Writes[0]);
        Assert.All(_bench.Gpio.Writes, write => Assert.Equal(level, write.Levels));
    }

    // Opening claimed the lines on the one thread that opens all outputs: an expander that hung kept every one of them from being made safe.
    [Theory]
    [InlineData(OneLine)]
    [InlineData("\"driver\": \"latching-valve\", \"chip\": \"bank\", \"line\": \"A,B\"")]
    [InlineData("\"driver\": \"contactor\", \"chip\": \"bank\", \"line\": \"A\", \"feedbackChip\": \"bank\", \"feedbackLine\": \"B\"")]
    public void Opening_touches_no_line_and_the_first_safe_write_claims_it(string keys)
    {
        OutputDriver output = _bench.OpenOutput(keys);
        Assert.All(_bench.Bank.Lines, line => Assert.Null(line.Holder));
        Assert.Empty(_bench.Gpio.Writes);

        output.MakeSafe(SafeCause.Start);

        Assert.NotNull(_bench.Bank.Lines[0].Holder);
        Assert.True(_bench.Gpio.Writes[0].AtRequest);
    }

    [Fact]
    public async Task A_permit_switches_it_and_a_safe_write_switches_it_back()
    {
        OutputDriver relay = _bench.OpenOutput(OneLine);

        await _bench.Apply(relay, OutputValue.Active);
        bool on = _bench.Bank.Lines[0].Level;
        SafeResult safe = relay.MakeSafe(SafeCause.LeaseEnd);

        Assert.True(on);
        Assert.Equal(new SafeResult(WasEnergised: true, Confirmed: true), safe);
        Assert.False(_bench.Bank.Lines[0].Level);
    }

    [Fact]
    public async Task Without_a_good_permit_the_line_does_not_move()
    {
        OutputDriver relay = _bench.OpenOutput(OneLine);

        DriveResult result = await relay.ApplyAsync(_bench.Permits.For("actuator:valve:V2", OutputValue.Active), OutputValue.Active, CancellationToken.None);

        Assert.Equal("permit.other_actuator", result.Refusal?.Code);
        // The look at its state has claimed the line, at the safe value.
        Assert.All(_bench.Gpio.Writes, write => Assert.True(write is { AtRequest: true, Levels: 0 }));
    }

    [Fact]
    public async Task Lines_of_a_group_are_one_request_and_switch_in_one_step()
    {
        OutputDriver relay = _bench.OpenOutput(ThreeLines);

        await _bench.Apply(relay, OutputValue.Active);

        Assert.Equal([0UL, 7UL], _bench.Gpio.Writes.Select(w => w.Levels));
        Assert.Equal([0, 2, 1], _bench.Bank.Lines[0].Request!.Offsets);
        Assert.Equal(OutputValue.Active, relay.ReadBack());
    }

    [Fact]
    public async Task A_group_whose_lines_disagree_contradicts_every_state()
    {
        OutputDriver relay = _bench.OpenOutput(ThreeLines);
        await _bench.Apply(relay, OutputValue.Active);
        _bench.Bank.Lines[2].Drive(false);

        OutputValue? torn = relay.ReadBack();
        // It does not follow: something else holds it.
        _bench.Bank.FailsToSet = _ => true;
        SafeResult safe = relay.MakeSafe(SafeCause.Fault);

        Assert.NotEqual(OutputValue.Active, torn);
        Assert.NotEqual(OutputValue.Inactive, torn);
        Assert.False(safe.Confirmed);
    }

    [Fact]
    public async Task The_drive_is_asked_for_as_the_site_says()
    {
        OutputDriver relay = _bench.OpenOutput($"{OneLine}, \"drive\": \"open-drain\"");

        await _bench.Apply(relay, OutputValue.Active);

        Assert.Equal(GpioDrive.OpenDrain, _bench.Bank.Lines[0].Request!.Drive);
    }

    [Fact]
    public async Task A_busy_line_does_not_stop_the_start_and_each_write_names_its_holder_until_it_is_free()
    {
        _bench.Bank.Lines[0].TakeBy("gpioset");

        OutputDriver relay = _bench.OpenOutput(OneLine);
        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => _bench.Apply(relay, OutputValue.Active));
        SafeResult safe = relay.MakeSafe(SafeCause.Start);
        OutputValue? seen = relay.ReadBack();
        _bench.Bank.Lines[0].Release();
        SafeResult freed = relay.MakeSafe(SafeCause.Recovery);

        Assert.Equal("gpio.line_busy", fault.Code);
        Assert.Contains("'gpioset' holds line 0", fault.Why);
        Assert.False(safe.Confirmed);
        Assert.Contains("gpioset", safe.Detail);
        Assert.Null(seen);
        Assert.True(freed.Confirmed);
        Assert.Equal("clawmesh:valve:V1", _bench.Bank.Lines[0].Holder);
    }

    [Fact]
    public async Task A_chip_that_was_unplugged_is_taken_again_at_the_safe_value_when_it_is_back()
    {
        OutputDriver relay = _bench.OpenOutput(OneLine);
        await _bench.Apply(relay, OutputValue.Active);

        _bench.Bank.Unplug();
        EdgeException gone = await Assert.ThrowsAsync<EdgeException>(() => _bench.Apply(relay, OutputValue.Active));
        SafeResult away = relay.MakeSafe(SafeCause.Fault);
        _bench.Bank.PlugIn();
        SafeResult back = relay.MakeSafe(SafeCause.Fault);
        await _bench.Apply(relay, OutputValue.Active);

        Assert.Equal(FailureClass.DeviceAbsent, gone.FailureClass);
        Assert.False(away.Confirmed);
        Assert.True(back.Confirmed);
        Assert.Equal(new FakeGpioWrite("clawmesh:valve:V1", 0, AtRequest: true), _bench.Gpio.Writes[2]);
        Assert.True(_bench.Bank.Lines[0].Level);
    }

    [Fact]
    public async Task A_chip_that_may_not_be_opened_is_a_failure_of_the_write()
    {
        _bench.Bank.Denied = true;
        OutputDriver relay = _bench.OpenOutput(OneLine);

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => _bench.Apply(relay, OutputValue.Active));

        Assert.Equal("gpio.no_permission", fault.Code);
        Assert.Null(relay.ReadBack());
    }

    [Fact]
    public void Lines_are_given_back_with_the_site()
    {
        _bench.OpenOutput(OneLine).MakeSafe(SafeCause.Start);

        _bench.Hardware.Dispose();

        Assert.Null(_bench.Bank.Lines[0].Holder);
    }
}
