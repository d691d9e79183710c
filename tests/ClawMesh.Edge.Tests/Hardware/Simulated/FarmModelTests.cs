using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Tests.Hardware.Simulated;

public sealed class FarmModelTests
{
    private const int Day = 86_400;

    private static readonly FarmInputs AtRest = new(0, 0, 0, 0, 0);
    private static readonly FarmInputs Valve1Open = new(1, 0, 0, 0, 0);

    [Fact]
    public void Three_minutes_of_irrigation_raise_moisture_clearly_over_the_twin_without()
    {
        FarmSnapshot irrigated = After(180, Valve1Open);
        FarmSnapshot twin = After(180, AtRest);

        Assert.True(irrigated.SoilMoisturePercent(0) - twin.SoilMoisturePercent(0) >= 1, $"{irrigated.SoilMoisturePercent(0)} against {twin.SoilMoisturePercent(0)}");
        Assert.Equal(twin.SoilMoisturePercent(1), irrigated.SoilMoisturePercent(1));
    }

    [Fact]
    public void A_bed_without_water_dries_by_day_and_never_below_what_plants_can_take()
    {
        FarmSnapshot start = After(1, AtRest);
        FarmSnapshot day = After(Day, AtRest);
        FarmSnapshot month = After(30 * Day, AtRest);

        Assert.True(day.SoilMoisturePercent(3) < start.SoilMoisturePercent(3) - 0.5);
        Assert.InRange(month.SoilMoisturePercent(3), 8.9, day.SoilMoisturePercent(3));
    }

    [Fact]
    public void A_drowned_bed_drains_back_towards_what_soil_can_hold()
    {
        var model = new FarmModel(7);
        Steps(model, 3_600, Valve1Open);
        double drowned = model.Snapshot().SoilMoisturePercent(0);
        Steps(model, 12 * 3_600, AtRest);

        Assert.True(drowned > 36, $"{drowned}");
        Assert.InRange(model.Snapshot().SoilMoisturePercent(0), 30, 35);
    }

    [Fact]
    public void Water_follows_a_valve_within_seconds_and_the_pump_adds_pressure()
    {
        var model = new FarmModel(7);
        Steps(model, 3, Valve1Open);
        FarmSnapshot gravity = model.Snapshot();
        Steps(model, 5, Valve1Open with { Pump = 1 });
        FarmSnapshot pumped = model.Snapshot();
        Steps(model, 10, AtRest);
        FarmSnapshot rest = model.Snapshot();

        Assert.InRange(gravity.FlowLitresPerMinute, 8, 14);
        Assert.Equal(0, gravity.PumpCurrentAmperes);
        Assert.True(pumped.FlowLitresPerMinute > 1.8 * gravity.FlowLitresPerMinute);
        Assert.InRange(pumped.PumpCurrentAmperes, 3, 6);
        Assert.Equal(0, rest.FlowLitresPerMinute);
        Assert.Equal(0, rest.PumpCurrentAmperes);
    }

    [Fact]
    public void The_tank_empties_then_hardly_anything_flows_and_the_pump_runs_light()
    {
        var model = new FarmModel(7);
        Steps(model, 60, new FarmInputs(1, 1, 1, 1, 1));
        FarmSnapshot full = model.Snapshot();
        Steps(model, 3 * 3_600, new FarmInputs(1, 1, 1, 1, 1));
        FarmSnapshot empty = model.Snapshot();

        Assert.True(empty.TankLevelPercent < 1, $"{empty.TankLevelPercent}");
        Assert.True(empty.FlowLitresPerMinute < 2, $"{empty.FlowLitresPerMinute}");
        Assert.InRange(empty.PumpCurrentAmperes, 1, full.PumpCurrentAmperes - 1);
    }

    [Fact]
    public void The_well_refills_the_tank_and_the_float_stops_it()
    {
        var model = new FarmModel(7);
        Steps(model, 3 * 3_600, new FarmInputs(1, 1, 1, 1, 1));
        Steps(model, 5 * 3_600, AtRest);
        double filling = model.Snapshot().TankLevelPercent;
        Steps(model, 3 * Day, AtRest);

        Assert.InRange(filling, 10, 60);
        Assert.InRange(model.Snapshot().TankLevelPercent, 89, 91);
    }

    [Fact]
    public void Afternoons_are_warmer_and_drier_than_nights()
    {
        FarmSnapshot night = After(21 * 3_600, AtRest);
        FarmSnapshot afternoon = After((24 + 9) * 3_600, AtRest);

        Assert.True(Air(afternoon, "air-temp") > Air(night, "air-temp") + 3);
        Assert.True(Air(afternoon, "humidity") < Air(night, "humidity") - 5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Weeks_of_any_handling_stay_within_what_instruments_can_show(int seed)
    {
        var chance = new Random(seed);
        var model = new FarmModel((ulong)seed);
        for (int hour = 0; hour < 21 * 24; hour++)
        {
            Steps(model, 3_600, new FarmInputs(chance.Next(2), chance.Next(2), chance.NextDouble(), chance.Next(2), chance.Next(2)));
            FarmSnapshot farm = model.Snapshot();
            foreach (FarmSensorChannel channel in FarmChannels.Sensors)
                Assert.True(farm.Value(channel) >= channel.RangeMin && farm.Value(channel) <= channel.RangeMax, $"seed {seed} hour {hour}: {channel.Name} = {farm.Value(channel)}");
        }
    }

    [Fact]
    public void The_same_seed_and_inputs_give_the_same_farm()
    {
        FarmSnapshot one = After(5_000, Valve1Open);
        FarmSnapshot two = After(5_000, Valve1Open);
        FarmSnapshot other = After(5_000, Valve1Open, seed: 8);

        Assert.All(FarmChannels.Sensors, channel => Assert.Equal(one.Value(channel), two.Value(channel)));
        Assert.NotEqual(Air(one, "air-temp"), Air(other, "air-temp"));
    }

    private static double Air(FarmSnapshot farm, string channel) => farm.Value(FarmChannels.FindSensor(channel)!);

    private static FarmSnapshot After(int seconds, FarmInputs inputs, ulong seed = 7)
    {
        var model = new FarmModel(seed);
        Steps(model, seconds, inputs);
        return model.Snapshot();
    }

    private static void Steps(FarmModel model, int seconds, FarmInputs inputs)
    {
        for (int i = 0; i < seconds; i++) model.Step(inputs);
    }
}
