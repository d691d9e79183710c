using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Outputs;

public sealed class OutputDriverTests
{
    private const string Valve = "actuator:valve:V1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();
    private readonly ScriptedProbe _probe = new();
    private readonly TestPermits _permits;

    public OutputDriverTests() => _permits = new TestPermits(_time);

    [Fact]
    public async Task A_permit_for_another_actuator_drives_nothing()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);

        DriveResult result = await Apply(output, _permits.For("actuator:valve:V2", OutputValue.Active), OutputValue.Active);

        Assert.Equal("permit.other_actuator", result.Refusal?.Code);
        Assert.Empty(output.Writes);
    }

    [Fact]
    public async Task A_permit_for_another_value_drives_nothing()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);

        DriveResult result = await Apply(output, _permits.For(Valve, new OutputValue(0.5)), OutputValue.Active);

        Assert.Equal("permit.value_out_of_range", result.Refusal?.Code);
        Assert.Empty(output.Writes);
    }

    [Fact]
    public async Task A_permit_drives_once()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);
        Permit permit = _permits.For(Valve, OutputValue.Active);
        await Apply(output, permit, OutputValue.Active);

        DriveResult second = await Apply(output, permit, OutputValue.Active);

        Assert.Equal("permit.already_spent", second.Refusal?.Code);
        Assert.Single(output.Writes);
    }

    [Fact]
    public async Task Without_a_declared_effect_nothing_is_ever_confirmed()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);

        DriveResult result = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.Null(result.Observed);
        Assert.Equal("no independent measurement is declared", result.Detail);
        Assert.Equal(OutputValue.Active, output.State);
    }

    [Fact]
    public async Task The_effect_is_confirmed_when_the_value_has_risen_over_its_value_before_the_write()
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        _probe.Measure = _ => ValueTask.FromResult(output.State == OutputValue.Active ? 12.5 : 10.0);

        DriveResult result = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.Equal(12.5, result.Observed?.Value);
        Assert.Equal("l/min", result.Observed?.Unit);
        Assert.Equal(OutputValue.Active, result.Observed?.State);
    }

    [Theory]
    [InlineData(10.0, 11.9, false)]
    [InlineData(10.0, 12.0, true)]
    [InlineData(double.NaN, 50.0, false)]
    [InlineData(10.0, double.NaN, false)]
    public async Task A_rise_needs_two_numbers_far_enough_apart(double before, double after, bool confirmed)
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        _probe.Measure = _ => ValueTask.FromResult(output.State == OutputValue.Active ? after : before);

        DriveResult result = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.Equal(confirmed, result.Observed is not null);
        if (!confirmed) Assert.Contains("sensor:flow:test", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_effect_that_comes_after_its_time_is_not_confirmed()
    {
        ScriptedOutput output = WithEffect(rises: null, atLeast: 1);
        TimeSpan waited = TimeSpan.Zero;
        long start = _time.GetTimestamp();
        _probe.Measure = _ => ValueTask.FromResult(_time.GetElapsedTime(start) > TimeSpan.FromSeconds(2.2) ? 5.0 : 0.0);

        DriveResult result = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);
        waited = _time.GetElapsedTime(start);

        Assert.Null(result.Observed);
        Assert.InRange(waited.TotalSeconds, 1.9, 2.2);
    }

    [Fact]
    public async Task An_extension_needs_the_flow_that_is_there_already_and_no_further_rise()
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        _probe.Measure = _ => ValueTask.FromResult(output.State == OutputValue.Active ? 12.0 : 0.0);
        await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        DriveResult extension = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.NotNull(extension.Observed);
    }

    [Fact]
    public async Task An_extension_without_flow_is_not_confirmed()
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        DriveResult extension = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.Null(extension.Observed);
    }

    [Fact]
    public async Task A_silent_witness_costs_the_confirmation_and_not_the_write()
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        _probe.Measure = cancel =>
        {
            // Unlike Task.Delay, this goes on where it was cancelled: on the test's thread, inside the manual clock.
            var never = new TaskCompletionSource<double>();
            cancel.Register(() => never.TrySetCanceled(cancel));
            return new ValueTask<double>(never.Task);
        };

        DriveResult result = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.Null(result.Refusal);
        Assert.Null(result.Observed);
        Assert.Equal(OutputValue.Active, output.State);
    }

    [Fact]
    public async Task The_end_of_the_lease_cuts_the_wait_short_and_undoes_nothing()
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        using var lease = new CancellationTokenSource();
        Task<DriveResult> drive = Inline.Start(() => output.ApplyAsync(_permits.For(Valve, OutputValue.Active), OutputValue.Active, lease.Token));

        await lease.CancelAsync();
        DriveResult result = await drive;

        Assert.Null(result.Observed);
        Assert.Contains("cut short", result.Detail, StringComparison.Ordinal);
        Assert.Equal(OutputValue.Active, output.State);
    }

    [Fact]
    public async Task A_lease_that_ended_before_the_write_spends_the_permit_without_a_write()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);
        Permit permit = _permits.For(Valve, OutputValue.Active);

        DriveResult late = await output.ApplyAsync(permit, OutputValue.Active, new CancellationToken(canceled: true));
        DriveResult again = await Apply(output, permit, OutputValue.Active);

        Assert.Equal("permit.lease_ended", late.Refusal?.Code);
        Assert.Equal("permit.already_spent", again.Refusal?.Code);
        Assert.Empty(output.Writes);
    }

    [Fact]
    public async Task A_read_back_that_contradicts_the_write_is_a_fault_of_the_bus()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive) { Reading = () => OutputValue.Inactive };

        var fault = await Assert.ThrowsAsync<EdgeException>(() => Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active));

        Assert.Equal("output.readback_contradicts", fault.Code);
        Assert.Equal(FailureClass.BusIo, fault.FailureClass);
        Assert.Contains(Valve, fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_driver_that_throws_anything_becomes_a_fault_with_a_name()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive) { Writing = _ => throw new IOException("remote I/O error") };

        var fault = await Assert.ThrowsAsync<EdgeException>(() => Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active));

        Assert.Equal("output.write_failed", fault.Code);
        Assert.Contains("remote I/O error", fault.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_effect_confirms_even_when_the_state_cannot_be_read_back()
    {
        ScriptedOutput output = WithEffect(rises: null, atLeast: 1);
        output.Reading = () => throw new IOException("no answer");
        _probe.Measure = _ => ValueTask.FromResult(3.0);

        DriveResult result = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.NotNull(result.Observed);
        Assert.Null(output.ReadBack());
    }

    [Fact]
    public void A_safe_write_that_fails_is_reported_and_never_thrown()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive) { Writing = _ => throw new InvalidOperationException("bus gone") };

        SafeResult result = output.MakeSafe(SafeCause.LeaseEnd);

        Assert.False(result.Confirmed);
        Assert.Contains("bus gone", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_safe_write_says_whether_the_output_was_energised()
    {
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);
        await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        SafeResult first = output.MakeSafe(SafeCause.LeaseEnd);
        SafeResult second = output.MakeSafe(SafeCause.Stop);

        Assert.Equal(new SafeResult(WasEnergised: true, Confirmed: true), first);
        Assert.Equal(new SafeResult(WasEnergised: false, Confirmed: true), second);
    }

    [Fact]
    public async Task A_safe_write_that_overtakes_a_permit_before_its_write_leaves_nothing_to_drive()
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        _probe.Measure = _ =>
        {
            // The permit is on its way: the baseline is being measured.
            if (output.Writes.Count == 0) output.MakeSafe(SafeCause.Interlock);
            return ValueTask.FromResult(0.0);
        };

        DriveResult result = await Apply(output, _permits.For(Valve, OutputValue.Active), OutputValue.Active);

        Assert.Equal("permit.overtaken", result.Refusal?.Code);
        Assert.Equal([OutputValue.Inactive], output.Writes);
    }

    [Fact]
    public async Task A_safe_write_that_meets_a_blocked_write_lands_after_it()
    {
        using var inWrite = new ManualResetEventSlim();
        using var letGo = new ManualResetEventSlim();
        var output = new ScriptedOutput(Valve, OutputValue.Inactive);
        output.Writing = value =>
        {
            if (value != OutputValue.Active) return;
            inWrite.Set();
            letGo.Wait(Patience);
        };

        Task<DriveResult> drive = Task.Run(() => output.ApplyAsync(_permits.For(Valve, OutputValue.Active), OutputValue.Active, CancellationToken.None));
        Assert.True(inWrite.Wait(Patience));
        Task<SafeResult> safe = Task.Run(() => output.MakeSafe(SafeCause.Operator));
        letGo.Set();
        await drive.WaitAsync(Patience);
        SafeResult made = await safe.WaitAsync(Patience);

        Assert.True(made.Confirmed);
        Assert.Equal(OutputValue.Inactive, output.Writes[^1]);
        Assert.Equal(OutputValue.Inactive, output.State);
    }

    [Fact]
    public async Task However_a_safe_write_and_a_permit_race_the_output_ends_safe()
    {
        for (int round = 0; round < 500; round++)
        {
            ScriptedOutput output = WithEffect(rises: null, atLeast: 0);
            using var begun = new ManualResetEventSlim();
            _probe.Measure = _ =>
            {
                begun.Set();
                return ValueTask.FromResult(1.0);
            };
            Permit permit = _permits.For(Valve, OutputValue.Active);

            Task<DriveResult> drive = Task.Run(() => output.ApplyAsync(permit, OutputValue.Active, CancellationToken.None));
            Assert.True(begun.Wait(Patience));
            SafeResult safe = output.MakeSafe(SafeCause.Interlock);
            DriveResult result = await drive.WaitAsync(Patience);

            Assert.True(safe.Confirmed);
            Assert.True(output.State == OutputValue.Inactive, $"round {round}: ended {output.State} with {result}");
        }
    }

    [Theory]
    [InlineData(12.0, 9.9, true)]
    [InlineData(12.0, 10.1, false)]
    [InlineData(null, 1.9, true)]
    [InlineData(null, 2.1, false)]
    [InlineData(12.0, double.NaN, false)]
    public async Task A_safe_state_is_confirmed_by_a_fall_or_by_less_than_an_energised_output_shows(double? before, double now, bool confirmed)
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null);
        _probe.Measure = _ => ValueTask.FromResult(now);

        DriveResult result = await Inline.Finish(Inline.Start(() => output.ConfirmSafeAsync(before, CancellationToken.None)), _time);

        Assert.Equal(confirmed, result.Observed is not null);
        Assert.Empty(output.Writes);
    }

    [Fact]
    public async Task Where_rest_is_open_the_safe_state_shows_flow_and_the_energised_one_does_not()
    {
        ScriptedOutput output = WithEffect(rises: 2, atLeast: null, safe: OutputValue.Active);
        _probe.Measure = _ => ValueTask.FromResult(output.State == OutputValue.Active ? 12.0 : 0.0);

        DriveResult closed = await Apply(output, _permits.For(Valve, OutputValue.Inactive), OutputValue.Inactive);
        output.MakeSafe(SafeCause.Command);
        DriveResult open = await Inline.Finish(Inline.Start(() => output.ConfirmSafeAsync(0.0, CancellationToken.None)), _time);

        Assert.Equal(0.0, closed.Observed?.Value);
        Assert.Equal(12.0, open.Observed?.Value);
    }

    [Fact]
    public async Task A_sensor_at_its_rail_is_no_witness()
    {
        var railed = new RailedSensor(_time);
        var probe = new SensorProbe(railed);

        double value = await probe.MeasureAsync(CancellationToken.None);

        Assert.True(double.IsNaN(value));
    }

    private ScriptedOutput WithEffect(double? rises, double? atLeast, OutputValue? safe = null) =>
        new(Valve, safe ?? OutputValue.Inactive, new EffectWatch(new EffectCheck(_probe.Sensor, rises, atLeast, TimeSpan.FromSeconds(2)), _probe, _time));

    private Task<DriveResult> Apply(ScriptedOutput output, Permit permit, OutputValue value) =>
        Inline.Finish(Inline.Start(() => output.ApplyAsync(permit, value, CancellationToken.None)), _time);

    private sealed class RailedSensor(TimeProvider time) : ISensor
    {
        public SensorInfo Info { get; } = new(
            new SensorId("sensor:flow:test"), "test", new Quantity("flow", "l/min"), TimeSpan.FromSeconds(1), "bus", Simulated: false, 0, 150);

        public ValueTask<Reading> ReadAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new Reading(
            Info.Id, Info.Zone, Info.Quantity, 200, time.GetUtcNow(), time.GetTimestamp(), ClawMesh.Edge.Core.Evidence.EvidenceTier.OperationalObservation, Simulated: false));
    }
}
