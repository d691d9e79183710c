using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Outputs;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Gpio;

public sealed class ContactorTests : IDisposable
{
    private const string Keys = "\"driver\": \"contactor\", \"chip\": \"bank\", \"line\": \"COIL\", \"feedbackChip\": \"bank\", \"feedbackLine\": \"AUX\"";

    private readonly GpioBench _bench = new("COIL", "AUX");

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task It_waits_until_the_contact_has_followed_the_coil()
    {
        OutputDriver contactor = _bench.OpenOutput(Keys);
        int waits = 0;
        _bench.Waiting = () =>
        {
            if (++waits == 6) FollowCoil();
        };

        await _bench.Apply(contactor, OutputValue.Active);

        Assert.Equal(6, waits);
        Assert.Equal(OutputValue.Active, contactor.ReadBack());
        Assert.Equal(["clawmesh:valve:V1", "clawmesh:valve:V1"], _bench.Bank.Lines.Select(l => l.Holder));
    }

    [Fact]
    public async Task A_contact_that_does_not_follow_in_its_time_contradicts()
    {
        OutputDriver contactor = _bench.OpenOutput($"{Keys}, \"feedbackWithin\": \"300ms\"");
        long start = _bench.Time.GetTimestamp();

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => _bench.Apply(contactor, OutputValue.Active));

        Assert.Equal("output.readback_contradicts", fault.Code);
        Assert.InRange(_bench.Time.GetElapsedTime(start).TotalMilliseconds, 299, 320);
        Assert.True(_bench.Bank.Lines[0].Level);
    }

    [Fact]
    public async Task Welded_contacts_keep_a_safe_write_from_being_confirmed()
    {
        OutputDriver contactor = _bench.OpenOutput(Keys);
        _bench.Waiting = FollowCoil;
        await _bench.Apply(contactor, OutputValue.Active);
        _bench.Waiting = null;

        SafeResult safe = contactor.MakeSafe(SafeCause.LeaseEnd);

        Assert.False(_bench.Bank.Lines[0].Level);
        Assert.Equal(new SafeResult(WasEnergised: true, Confirmed: false, "the read-back is active; the safe value is inactive"), safe);
    }

    [Fact]
    public void A_contact_that_cannot_be_read_confirms_nothing_and_the_coil_is_switched_all_the_same()
    {
        _bench.Bank.Lines[1].TakeBy("gpiomon");
        OutputDriver contactor = _bench.OpenOutput(Keys);

        SafeResult safe = contactor.MakeSafe(SafeCause.Start);

        Assert.Equal(new SafeResult(WasEnergised: true, Confirmed: false, "the state cannot be read back"), safe);
        Assert.Equal(2, _bench.Gpio.Writes.Count);
    }

    [Fact]
    public void The_contact_has_a_polarity_and_a_bias_of_its_own()
    {
        OutputDriver contactor = _bench.OpenOutput($"{Keys}, \"activeLow\": true, \"feedbackActiveLow\": true, \"feedbackBias\": \"pull-up\"");
        _bench.Bank.Lines[1].Drive(true);

        Assert.Equal(OutputValue.Inactive, contactor.ReadBack());
        Assert.Equal((true, GpioBias.PullUp), (_bench.Bank.Lines[1].Request!.ActiveLow, _bench.Bank.Lines[1].Request!.Bias));
        Assert.True(_bench.Bank.Lines[0].Level);
    }

    [Fact]
    public void After_its_chip_was_away_the_coil_is_taken_again_at_the_safe_value()
    {
        OutputDriver contactor = _bench.OpenOutput(Keys);
        contactor.MakeSafe(SafeCause.Start);
        _bench.Bank.Unplug();
        SafeResult away = contactor.MakeSafe(SafeCause.Fault);
        _bench.Bank.PlugIn();

        OutputValue? seen = contactor.ReadBack();

        Assert.False(away.Confirmed);
        Assert.Equal(OutputValue.Inactive, seen);
        Assert.True(_bench.Gpio.Writes[^1] is { AtRequest: true, Levels: 0 });
    }

    [Fact]
    public void Without_a_feedback_line_the_site_is_wrong()
    {
        Assert.Contains(
            GpioBench.Read("", GpioBench.Actuator("\"driver\": \"contactor\", \"chip\": \"bank\", \"line\": \"COIL\"")).Problems,
            p => p.What.Contains("feedbackPin is missing"));
    }

    private void FollowCoil() => _bench.Bank.Lines[1].Drive(_bench.Bank.Lines[0].Level);
}
