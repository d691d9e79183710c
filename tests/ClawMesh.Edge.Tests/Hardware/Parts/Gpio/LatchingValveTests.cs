using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Outputs;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Gpio;

public sealed class LatchingValveTests : IDisposable
{
    private const string Keys = "\"driver\": \"latching-valve\", \"chip\": \"bank\", \"line\": \"OPEN,CLOSE\"";

    private readonly GpioBench _bench = new("OPEN", "CLOSE");

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Each_state_is_a_pulse_on_its_own_coil_and_both_are_never_powered()
    {
        OutputDriver valve = _bench.OpenOutput(Keys);
        var pulses = new List<TimeSpan>();
        long start = _bench.Time.GetTimestamp();

        valve.MakeSafe(SafeCause.Start);
        pulses.Add(_bench.Time.GetElapsedTime(start));
        await _bench.Apply(valve, OutputValue.Active);
        valve.MakeSafe(SafeCause.LeaseEnd);

        Assert.Equal([0UL, 2UL, 0UL, 1UL, 0UL, 2UL, 0UL], _bench.Gpio.Writes.Select(w => w.Levels));
        Assert.True(_bench.Gpio.Writes[0].AtRequest);
        Assert.InRange(pulses[0], TimeSpan.FromMilliseconds(49.9), TimeSpan.FromMilliseconds(50.1));
    }

    [Fact]
    public void The_pulse_is_as_long_as_the_site_says()
    {
        OutputDriver valve = _bench.OpenOutput($"{Keys}, \"pulse\": \"120ms\", \"activeLow\": true");
        long start = _bench.Time.GetTimestamp();

        valve.MakeSafe(SafeCause.Start);

        Assert.Equal(120, _bench.Time.GetElapsedTime(start).TotalMilliseconds, 0.1);
        // Low is powered: closing leaves the opening coil's line high.
        Assert.Equal([3UL, 1UL, 3UL], _bench.Gpio.Writes.Select(w => w.Levels));
    }

    [Fact]
    public void Where_it_is_nobody_knows_before_the_first_pulse_nor_inside_one()
    {
        OutputDriver valve = _bench.OpenOutput(Keys);
        OutputValue? inside = OutputValue.Active;
        _bench.Waiting = () => inside = valve.ReadBack();

        OutputValue? before = valve.ReadBack();
        SafeResult first = valve.MakeSafe(SafeCause.Start);
        OutputValue? after = valve.ReadBack();
        SafeResult second = valve.MakeSafe(SafeCause.Stop);

        Assert.Null(before);
        Assert.Null(inside);
        Assert.Equal(OutputValue.Inactive, after);
        Assert.Equal(new SafeResult(WasEnergised: true, Confirmed: true), first);
        Assert.Equal(new SafeResult(WasEnergised: false, Confirmed: true), second);
        // The second was given all the same.
        Assert.Equal(2, _bench.Gpio.Writes.Count(w => w.Levels == 2));
    }

    [Fact]
    public void A_coil_that_cannot_be_switched_off_is_switched_off_by_the_next_request()
    {
        OutputDriver valve = _bench.OpenOutput(Keys);
        _bench.Bank.FailsToSet = bits => bits == 0;

        SafeResult failed = valve.MakeSafe(SafeCause.Start);
        OutputValue? unknown = valve.ReadBack();
        bool stuck = _bench.Bank.Lines[1].Level;
        int seen = _bench.Gpio.Writes.Count;
        _bench.Bank.FailsToSet = null;
        SafeResult mended = valve.MakeSafe(SafeCause.Recovery);

        Assert.False(failed.Confirmed);
        Assert.Null(unknown);
        Assert.True(stuck);
        Assert.True(_bench.Gpio.Writes[seen] is { AtRequest: true, Levels: 0 });
        Assert.True(mended.Confirmed);
        Assert.Equal(0UL, _bench.Gpio.Writes[^1].Levels);
    }

    [Fact]
    public async Task A_pulse_that_fails_is_a_failed_write()
    {
        OutputDriver valve = _bench.OpenOutput(Keys);
        valve.MakeSafe(SafeCause.Start);
        _bench.Bank.FailsToSet = bits => bits != 0;

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => _bench.Apply(valve, OutputValue.Active));

        Assert.Equal("gpio.failed", fault.Code);
        Assert.Null(valve.ReadBack());
        Assert.False(_bench.Bank.Lines[0].Level);
    }

    // Closing the site took the lines away in the middle of the pulse: the coil stayed powered.
    [Fact]
    public async Task Closing_waits_for_the_pulse_and_leaves_both_coils_off()
    {
        OutputDriver valve = _bench.OpenOutput(Keys);
        using var closing = new ManualResetEventSlim();
        Task closed = Task.CompletedTask;
        bool poweredInside = false, closedInside = false;
        _bench.Waiting = () =>
        {
            closed = Task.Factory.StartNew(
                () =>
                {
                    closing.Set();
                    ((IDisposable)valve).Dispose();
                },
                TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            closing.Wait(TestContext.Current.CancellationToken);
            (poweredInside, closedInside) = (_bench.Bank.Lines[1].Level, closed.IsCompleted);
        };

        valve.MakeSafe(SafeCause.Stop);
        await closed.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.True(poweredInside);
        Assert.False(closedInside);
        Assert.All(_bench.Bank.Lines, line => Assert.False(line.Level));
        Assert.All(_bench.Bank.Lines, line => Assert.Null(line.Holder));
        Assert.Equal(0UL, _bench.Gpio.Writes[^1].Levels);
    }

    [Fact]
    public void A_coil_that_could_not_be_switched_off_is_switched_off_at_closing_and_no_pulse_is_given_after_it()
    {
        OutputDriver valve = _bench.OpenOutput(Keys);
        _bench.Bank.FailsToSet = bits => bits == 0;
        valve.MakeSafe(SafeCause.Stop);
        Assert.True(_bench.Bank.Lines[1].Level);
        _bench.Bank.FailsToSet = null;

        ((IDisposable)valve).Dispose();
        int writes = _bench.Gpio.Writes.Count;
        SafeResult late = valve.MakeSafe(SafeCause.Stop);

        Assert.False(late.Confirmed);
        Assert.Equal(writes, _bench.Gpio.Writes.Count);
        Assert.False(_bench.Bank.Lines[1].Level);
    }

    [Fact]
    public void A_valve_needs_two_lines()
    {
        Assert.Contains(
            GpioBench.Read("", GpioBench.Actuator("\"driver\": \"latching-valve\", \"chip\": \"bank\", \"line\": \"OPEN\"")).Problems,
            p => p.What.Contains("names 1 lines; it must name 2"));
    }
}
