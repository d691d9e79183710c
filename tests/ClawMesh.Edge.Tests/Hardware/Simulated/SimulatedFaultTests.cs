using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Simulated;

public sealed class SimulatedFaultTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FarmBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_stuck_sensor_shows_its_last_value_until_it_is_healed()
    {
        double before = await _bench.ReadAsync(FarmBench.Moisture1);
        Inject(FarmBench.Moisture1, SimulatedFaultKind.Stuck);
        await _bench.Apply(FarmBench.Valve1, OutputValue.Active);
        _bench.Run(TimeSpan.FromSeconds(4));

        double stuck = await _bench.ReadAsync(FarmBench.Moisture1);
        _bench.Farm.Faults.Clear(FarmBench.Moisture1);
        double healed = await _bench.ReadAsync(FarmBench.Moisture1);

        Assert.Equal(before, stuck);
        Assert.True(healed > before + 1);
    }

    [Fact]
    public async Task A_sensor_without_a_number_answers_nan()
    {
        Inject(FarmBench.Flow, SimulatedFaultKind.NotANumber);

        Assert.True(double.IsNaN(await _bench.ReadAsync(FarmBench.Flow)));
    }

    [Fact]
    public async Task A_sensor_at_its_rail_shows_the_top_of_its_range_which_the_site_does_not_believe()
    {
        Inject(FarmBench.Moisture1, SimulatedFaultKind.Rail);

        double value = await _bench.ReadAsync(FarmBench.Moisture1);

        Assert.Equal(100, value);
        Assert.True(value > _bench.Sensor(FarmBench.Moisture1).Info.ValidMax);
    }

    [Fact]
    public async Task A_drifting_sensor_walks_away_from_the_truth()
    {
        Inject(FarmBench.Moisture1, SimulatedFaultKind.Drift);
        double first = await _bench.ReadAsync(FarmBench.Moisture1);

        _bench.Run(TimeSpan.FromSeconds(10));
        double later = await _bench.ReadAsync(FarmBench.Moisture1);

        Assert.InRange(later - first, 9, 11);
    }

    [Fact]
    public async Task A_silent_sensor_never_answers_until_it_is_cancelled()
    {
        Inject(FarmBench.Flow, SimulatedFaultKind.Silent);
        using var cancel = new CancellationTokenSource();

        Task<Reading> reading = Outputs.Inline.Start(() => _bench.Sensor(FarmBench.Flow).ReadAsync(cancel.Token).AsTask());
        _bench.Time.Advance(TimeSpan.FromDays(1));

        Assert.False(reading.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task A_slow_sensor_answers_after_its_delay_with_a_fresh_value()
    {
        _bench.Farm.Faults.Inject(FarmBench.Flow, new SimulatedFault(SimulatedFaultKind.Slow, TimeSpan.FromSeconds(3)));

        Task<Reading> reading = Outputs.Inline.Start(() => _bench.Sensor(FarmBench.Flow).ReadAsync(CancellationToken.None).AsTask());
        _bench.Time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(reading.IsCompleted);
        _bench.Time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal(_bench.Time.GetUtcNow(), (await reading).SampledAt, TimeSpan.FromSeconds(0.2));
    }

    [Fact]
    public async Task A_stuck_valve_takes_the_command_and_lets_no_water_through()
    {
        Inject(FarmBench.Valve1, SimulatedFaultKind.Stuck);

        DriveResult result = await _bench.Apply(FarmBench.Valve1, OutputValue.Active);

        Assert.Null(result.Observed);
        Assert.Null(result.Refusal);
        Assert.Equal(OutputValue.Active, _bench.Output(FarmBench.Valve1).ReadBack());
        Assert.Equal(0, _bench.Farm.Latest.FlowLitresPerMinute);
    }

    [Fact]
    public async Task A_valve_stuck_open_goes_on_flowing_after_its_safe_write()
    {
        await _bench.Apply(FarmBench.Valve1, OutputValue.Active);
        Inject(FarmBench.Valve1, SimulatedFaultKind.Stuck);

        SafeResult safe = _bench.Output(FarmBench.Valve1).MakeSafe(SafeCause.LeaseEnd);
        _bench.Run(TimeSpan.FromSeconds(1));

        Assert.True(safe.Confirmed);
        Assert.True(_bench.Farm.Latest.FlowLitresPerMinute > 5);
    }

    [Fact]
    public async Task A_contradicting_read_back_is_a_fault_for_a_permit_and_an_unconfirmed_safe_write()
    {
        Inject(FarmBench.Valve1, SimulatedFaultKind.ReadBack);

        var fault = await Assert.ThrowsAsync<EdgeException>(() => _bench.Apply(FarmBench.Valve1, OutputValue.Active));
        SafeResult safe = _bench.Output(FarmBench.Valve1).MakeSafe(SafeCause.Fault);

        Assert.Equal("output.readback_contradicts", fault.Code);
        Assert.False(safe.Confirmed);
        Assert.Equal(OutputValue.Inactive, _bench.Farm.Outputs.Read(new ActuatorId(FarmBench.Valve1)));
    }

    [Fact]
    public async Task A_hanging_output_holds_up_nobody_else_and_ends_safe_when_it_comes_back()
    {
        Inject(FarmBench.Valve1, SimulatedFaultKind.Hang);
        using var lease = new CancellationTokenSource();
        var redeeming = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _bench.Permits.Redeeming = () => redeeming.TrySetResult();
        Task<DriveResult> hung = Task.Run(() => _bench.Output(FarmBench.Valve1).ApplyAsync(
            _bench.Permits.For(FarmBench.Valve1, OutputValue.Active), OutputValue.Active, lease.Token));
        // From here on it holds the output's lock: a safe write that came first would rightly be followed by it.
        await redeeming.Task.WaitAsync(Patience);
        Task<SafeResult> waiting = Task.Run(() => _bench.Output(FarmBench.Valve1).MakeSafe(SafeCause.LeaseEnd));

        SafeResult other = _bench.Output(FarmBench.Valve2).MakeSafe(SafeCause.LeaseEnd);
        _bench.Farm.Advance();

        Assert.True(other.Confirmed);
        Assert.False(waiting.IsCompleted);

        _bench.Farm.Faults.Clear(FarmBench.Valve1);
        Assert.True((await waiting.WaitAsync(Patience)).Confirmed);
        Assert.Equal(OutputValue.Inactive, _bench.Output(FarmBench.Valve1).ReadBack());
        await lease.CancelAsync();
        Assert.Null((await hung.WaitAsync(Patience)).Observed);
    }

    [Fact]
    public void The_fault_file_is_followed_once_a_second_and_its_end_heals()
    {
        WriteFaults($$"""{ "{{FarmBench.Flow}}": "stuck", "{{FarmBench.Valve1}}": "hang", /* why not */ "sensor:power:P1": "slow:3s", }""");
        _bench.Farm.Advance();
        Assert.Empty(_bench.Farm.Faults.InForce);

        _bench.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(SimulatedFaultKind.Stuck, _bench.Farm.Faults.Of(FarmBench.Flow).Kind);
        Assert.Equal(SimulatedFaultKind.Hang, _bench.Farm.Faults.Of(FarmBench.Valve1).Kind);
        Assert.Equal(new SimulatedFault(SimulatedFaultKind.Slow, TimeSpan.FromSeconds(3)), _bench.Farm.Faults.Of("sensor:power:P1"));

        File.Delete(_bench.FaultFilePath);
        _bench.Run(TimeSpan.FromSeconds(1.1));
        Assert.Empty(_bench.Farm.Faults.InForce);
    }

    [Theory]
    [InlineData("""{ "sensor:flow:mainline-01": """, "cannot be read")]
    [InlineData("""[]""", "no JSON object")]
    [InlineData("""{ "sensor:flow:mainline-99": "stuck" }""", "mainline-99")]
    [InlineData("""{ "sensor:flow:mainline-01": "hang" }""", "stuck, nan")]
    [InlineData("""{ "actuator:valve:zone-1": "nan" }""", "readback")]
    [InlineData("""{ "actuator:valve:zone-1": 5 }""", "5")]
    public void A_fault_file_that_cannot_be_understood_is_reported_and_changes_nothing(string text, string expected)
    {
        WriteFaults("""{ "sensor:humidity:station": "nan" }""");
        _bench.Run(TimeSpan.FromSeconds(1.1));

        WriteFaults(text);
        _bench.Run(TimeSpan.FromSeconds(1.1));

        Assert.Contains(expected, _bench.Farm.LastFaultFileProblem, StringComparison.Ordinal);
        Assert.Equal(SimulatedFaultKind.NotANumber, Assert.Single(_bench.Farm.Faults.InForce).Value.Kind);
    }

    [Fact]
    public void A_corrected_fault_file_is_read_again()
    {
        WriteFaults("oops");
        _bench.Run(TimeSpan.FromSeconds(1.1));
        Assert.NotEmpty(_bench.Farm.LastFaultFileProblem);

        WriteFaults("""{ "sensor:flow:mainline-01": "rail" }""");
        _bench.Run(TimeSpan.FromSeconds(1.1));

        Assert.Empty(_bench.Farm.LastFaultFileProblem);
        Assert.Equal(SimulatedFaultKind.Rail, _bench.Farm.Faults.Of(FarmBench.Flow).Kind);
    }

    private void Inject(string reference, SimulatedFaultKind kind) => _bench.Farm.Faults.Inject(reference, new SimulatedFault(kind));

    private void WriteFaults(string text) => File.WriteAllText(_bench.FaultFilePath, text);
}
