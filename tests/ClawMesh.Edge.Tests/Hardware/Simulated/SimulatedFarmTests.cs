using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Simulated;

public sealed class SimulatedFarmTests
{
    [Fact]
    public async Task The_same_seed_shows_the_same_readings_and_another_seed_others()
    {
        using var one = new FarmBench(seed: 7);
        using var two = new FarmBench(seed: 7);
        using var other = new FarmBench(seed: 8);

        List<double> first = await RecordAsync(one);
        List<double> second = await RecordAsync(two);
        List<double> third = await RecordAsync(other);

        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
    }

    [Fact]
    public async Task Reading_one_sensor_more_often_does_not_shift_another()
    {
        using var plain = new FarmBench();
        using var busy = new FarmBench();
        for (int i = 0; i < 17; i++) await busy.ReadAsync(FarmBench.Flow);

        double expected = await plain.ReadAsync(FarmBench.Moisture1);
        double seen = await busy.ReadAsync(FarmBench.Moisture1);

        Assert.Equal(expected, seen);
    }

    [Fact]
    public async Task A_reading_says_that_it_is_simulated_and_no_more_than_an_observation()
    {
        using var bench = new FarmBench();

        Reading reading = await bench.Sensor(FarmBench.Moisture1).ReadAsync(CancellationToken.None);

        Assert.True(reading.Simulated);
        Assert.Equal(EvidenceTier.OperationalObservation, reading.Tier);
        Assert.Equal(new Quantity("moisture", "%"), reading.Quantity);
        Assert.Equal("zone-1", reading.Zone);
        Assert.Equal(bench.Time.GetTimestamp(), reading.SampledTimestamp);
    }

    [Fact]
    public async Task Opening_a_valve_for_three_seconds_at_rate_60_raises_moisture_over_the_twin()
    {
        using var farm = new FarmBench();
        using var twin = new FarmBench();

        DriveResult opened = await farm.Apply(FarmBench.Valve1, OutputValue.Active);
        farm.Run(TimeSpan.FromSeconds(3));
        farm.Output(FarmBench.Valve1).MakeSafe(SafeCause.LeaseEnd);
        farm.Run(TimeSpan.FromSeconds(1));
        twin.Run(TimeSpan.FromSeconds(4.1));

        Assert.NotNull(opened.Observed);
        double margin = await farm.ReadAsync(FarmBench.Moisture1) - await twin.ReadAsync(FarmBench.Moisture1);
        Assert.True(margin >= 1, $"margin {margin}");
    }

    [Fact]
    public async Task The_pump_is_confirmed_by_its_current_and_its_rest_by_none()
    {
        using var bench = new FarmBench();

        DriveResult started = await bench.Apply(FarmBench.Pump, OutputValue.Active);
        bench.Output(FarmBench.Pump).MakeSafe(SafeCause.Command);
        DriveResult stopped = await Outputs.Inline.Finish(
            Outputs.Inline.Start(() => bench.Output(FarmBench.Pump).ConfirmSafeAsync(2.4, CancellationToken.None)), bench.Time, bench.Farm.Advance);

        Assert.True(started.Observed?.Value >= 1);
        Assert.Equal("A", started.Observed?.Unit);
        Assert.True(stopped.Observed?.Value < 1);
    }

    [Fact]
    public async Task A_valve_on_an_empty_tank_is_driven_and_never_confirmed()
    {
        using var bench = new FarmBench(rate: 3_600);
        foreach (string id in new[] { FarmBench.Valve1, FarmBench.Valve2, FarmBench.Pump }) bench.Farm.Outputs.Write(new ActuatorId(id), OutputValue.Active);
        bench.Run(TimeSpan.FromSeconds(5));
        bench.Output(FarmBench.Valve1).MakeSafe(SafeCause.LeaseEnd);
        bench.Run(TimeSpan.FromSeconds(1));
        Assert.True(bench.Farm.Latest.TankLevelPercent < 1);

        DriveResult result = await bench.Apply(FarmBench.Valve1, OutputValue.Active);

        Assert.Null(result.Refusal);
        Assert.Null(result.Observed);
        Assert.Contains("sensor:flow:mainline-01", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_late_call_catches_up_a_bounded_time_and_counts_what_it_left_out()
    {
        using var bench = new FarmBench(rate: 60);

        bench.Time.Advance(TimeSpan.FromSeconds(5));
        bench.Farm.Advance();
        long onTime = bench.Farm.Latest.SimulatedSeconds;
        bench.Time.Advance(TimeSpan.FromHours(1));
        bench.Farm.Advance();

        Assert.Equal(300, onTime);
        Assert.Equal(900, bench.Farm.Latest.SimulatedSeconds);
        Assert.Equal(3_600 * 60 - 600, bench.Farm.SkippedSeconds);

        bench.Time.Advance(TimeSpan.FromSeconds(1));
        bench.Farm.Advance();
        Assert.Equal(960, bench.Farm.Latest.SimulatedSeconds);
    }

    [Fact]
    public void A_rate_out_of_range_is_a_configuration_fault()
    {
        var fault = Assert.Throws<EdgeException>(() => new FarmBench(rate: 0));

        Assert.Equal("sim.rate_out_of_range", fault.Code);
    }

    [Fact]
    public async Task An_open_valve_is_still_open_for_the_next_process()
    {
        string directory = Directory.CreateTempSubdirectory("clawmesh-restart-").FullName;
        try
        {
            using (var before = new FarmBench(stateDirectory: directory)) await before.Apply(FarmBench.Valve1, OutputValue.Active);

            using var after = new FarmBench(stateDirectory: directory);
            after.Run(TimeSpan.FromSeconds(1));

            Assert.Equal(OutputValue.Active, after.Output(FarmBench.Valve1).ReadBack());
            Assert.True(after.Farm.Latest.FlowLitresPerMinute > 5);
            Assert.Equal(new SafeResult(WasEnergised: true, Confirmed: true), after.Output(FarmBench.Valve1).MakeSafe(SafeCause.Start));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // Every sensor, often enough for noise, drift and physics to show.
    private static async Task<List<double>> RecordAsync(FarmBench bench)
    {
        var values = new List<double>();
        for (int i = 0; i < 20; i++)
        {
            bench.Run(TimeSpan.FromSeconds(1));
            foreach (ISensor sensor in bench.Hardware.Sensors) values.Add((await sensor.ReadAsync(CancellationToken.None)).Value);
        }

        return values;
    }
}
