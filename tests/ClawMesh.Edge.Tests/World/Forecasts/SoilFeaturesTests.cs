using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Tests.World.Forecasts;

public sealed class SoilFeaturesTests
{
    private static readonly ModelField[] Fields = [.. Enumerable.Range(0, SoilState.Size).Select(i => Presence(i) ? new ModelField($"f{i}", "", 0, 1) : new ModelField($"f{i}", "", i, 2))];

    private readonly float[] _state = new float[SoilState.Size];

    [Fact]
    public void What_was_measured_becomes_a_state_with_changes_and_presences()
    {
        SoilWindow window = Full();

        Assert.Null(SoilFeatures.State(window, Fields, _state));

        // Moisture rises by 0.25 per quarter-hour up to 24 + 20.
        Assert.Equal((44 - 0) / 2f, _state[SoilState.Moisture]);
        Assert.Equal((1 - SoilState.MoistureChange1Hour) / 2f, _state[SoilState.MoistureChange1Hour]);
        Assert.Equal((6 - SoilState.MoistureChange6Hours) / 2f, _state[SoilState.MoistureChange6Hours]);
        Assert.Equal(SoilFeatures.Bound, _state[SoilState.MoistureChange24Hours]);
        Assert.Equal((5 - SoilState.SoilTemperature) / 2f, _state[SoilState.SoilTemperature]);
        Assert.Equal((10 - SoilState.Humidity) / 2f, _state[SoilState.Humidity]);
        Assert.Equal((7 - SoilState.AirTemperature) / 2f, _state[SoilState.AirTemperature]);
        Assert.Equal(-SoilFeatures.Bound, _state[SoilState.Watered1Hour]);
        Assert.All(Enumerable.Range(0, SoilState.Size).Where(Presence), i => Assert.Equal(1, _state[i]));
    }

    [Theory]
    [InlineData(SoilState.SoilTemperature)]
    [InlineData(SoilState.AirTemperature)]
    [InlineData(SoilState.Humidity)]
    [InlineData(SoilState.Pressure)]
    public void An_instrument_that_is_not_there_is_zero_and_absent(int pair)
    {
        SoilWindow window = Full();
        Array.Fill(pair switch { SoilState.SoilTemperature => window.SoilTemperature, SoilState.AirTemperature => window.AirTemperature, SoilState.Humidity => window.Humidity, _ => window.Pressure }, float.NaN);

        Assert.Null(SoilFeatures.State(window, Fields, _state));

        Assert.Equal((0f, 0f), (_state[pair], _state[pair + 1]));
        int absent = Enumerable.Range(0, SoilState.Size).Count(i => Presence(i) && _state[i] == 0);
        Assert.Equal(pair == SoilState.AirTemperature ? 2 : 1, absent);
    }

    [Fact]
    public void A_zone_whose_moisture_was_not_heard_for_half_an_hour_has_no_state_and_says_so()
    {
        SoilWindow window = Full();
        window.Moisture.AsSpan()[^3..].Fill(float.NaN);
        Array.Fill(_state, 99);

        string? why = SoilFeatures.State(window, Fields, _state);

        Assert.Equal("the zone's moisture was not heard in the last 30 minutes", why);
        Assert.All(_state, value => Assert.Equal(99, value));
        Assert.True(float.IsNaN(SoilFeatures.CurrentMoisture(window)));
    }

    [Fact]
    public void A_reading_of_half_an_hour_ago_is_still_the_current_one()
    {
        SoilWindow window = Full();
        window.Moisture.AsSpan()[^2..].Fill(float.NaN);

        Assert.Null(SoilFeatures.State(window, Fields, _state));
        Assert.Equal(43.5f, SoilFeatures.CurrentMoisture(window));
    }

    [Theory]
    [InlineData(-0.1f)]
    [InlineData(100.5f)]
    public void A_moisture_that_cannot_be_has_no_state(float moisture)
    {
        SoilWindow window = Full();
        window.Moisture[^1] = moisture;

        Assert.Contains("0 to 100 is allowed", SoilFeatures.State(window, Fields, _state), StringComparison.Ordinal);
    }

    [Fact]
    public void One_reading_alone_is_enough_and_everything_else_is_absent()
    {
        var window = new SoilWindow();
        window.Moisture[^1] = 20;

        Assert.Null(SoilFeatures.State(window, Fields, _state));

        Assert.Equal(10, _state[SoilState.Moisture]);
        Assert.All(_state.Skip(1), value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_gap_where_a_change_begins_is_bridged_by_the_nearest_reading_and_a_long_one_is_not()
    {
        SoilWindow window = Full();
        int anHourAgo = SoilWindow.Slots - 1 - SoilWindow.SlotsPerHour;
        window.Moisture[anHourAgo] = float.NaN;
        var raw = new float[SoilState.Size];

        SoilFeatures.Raw(window, raw);
        Assert.Equal(0.75f, raw[SoilState.MoistureChange1Hour]);

        window.Moisture.AsSpan(anHourAgo - 1, 3).Fill(float.NaN);
        SoilFeatures.Raw(window, raw);
        Assert.True(float.IsNaN(raw[SoilState.MoistureChange1Hour]));
        Assert.Null(SoilFeatures.State(window, Fields, _state));
        Assert.Equal(0, _state[SoilState.MoistureChange1Hour]);
    }

    [Fact]
    public void The_mean_of_a_day_needs_half_a_day()
    {
        var window = new SoilWindow();
        window.Moisture[^1] = 20;
        window.AirTemperature.AsSpan()[^47..].Fill(7);
        SoilFeatures.State(window, Fields, _state);
        Assert.Equal(0, _state[SoilState.AirTemperatureMean24Hours + 1]);

        window.AirTemperature.AsSpan()[^48..].Fill(7);
        SoilFeatures.State(window, Fields, _state);
        Assert.Equal(1, _state[SoilState.AirTemperatureMean24Hours + 1]);
        var raw = new float[SoilState.Size];
        SoilFeatures.Raw(window, raw);
        Assert.Equal(7, raw[SoilState.AirTemperatureMean24Hours]);
    }

    [Fact]
    public void Normalising_and_back_gives_the_value_again()
    {
        var field = new ModelField("moisture", "%", 20.0289, 11.0201);
        for (float value = 0; value <= 100; value += 0.37f) Assert.Equal(value, SoilFeatures.Denormalise(SoilFeatures.Normalise(value, field), field), 2e-5f * 100);
        Assert.Equal(0, SoilFeatures.Normalise(float.NaN, field));
    }

    [Fact]
    public void Hours_of_the_day_go_round_in_24_hours_whatever_clocks_do_that_night()
    {
        // The night in which clocks in Berlin go from 02:00 to 03:00: the offset given holds for all steps.
        var rows = new float[25 * SoilAction.Size];
        SoilFeatures.Actions(new DateTimeOffset(2025, 3, 29, 20, 30, 0, TimeSpan.FromHours(1)), 20, wateringKnown: true, rows);

        for (int step = 0; step < 25; step++)
        {
            double angle = Math.Atan2(rows[(step * SoilAction.Size) + SoilAction.SineOfDay], rows[(step * SoilAction.Size) + SoilAction.CosineOfDay]);
            double hour = (angle / (2 * Math.PI) * 24 + 24) % 24;
            Assert.Equal((21 + step) % 24, hour, 1e-4);
        }

        Assert.Equal(rows[SoilAction.SineOfDay], rows[(24 * SoilAction.Size) + SoilAction.SineOfDay], 1e-6f);
    }

    [Fact]
    public void A_row_tells_flow_and_that_watering_is_known_or_neither()
    {
        var rows = new float[SoilAction.Size];
        Array.Fill(rows, 9);
        SoilFeatures.Actions(DateTimeOffset.UnixEpoch, 12, wateringKnown: true, rows);
        Assert.Equal([0, 0, 0, 0, 0.6f], rows[..5]);
        Assert.Equal(1, rows[SoilAction.WateringKnown]);

        SoilFeatures.Actions(DateTimeOffset.UnixEpoch, 12, wateringKnown: false, rows);
        Assert.Equal([0, 0, 0, 0, 0f], rows[..5]);
        Assert.Equal(0, rows[SoilAction.WateringKnown]);
    }

    private static bool Presence(int i) =>
        i is SoilState.SoilTemperature + 1 or SoilState.AirTemperature + 1 or SoilState.Humidity + 1 or SoilState.Pressure + 1 or SoilState.AirTemperatureMean24Hours + 1;

    private static SoilWindow Full()
    {
        var window = new SoilWindow();
        for (int slot = 0; slot < SoilWindow.Slots; slot++) window.Moisture[slot] = 20 + (slot * 0.25f);
        Array.Fill(window.SoilTemperature, 5);
        Array.Fill(window.AirTemperature, 7);
        Array.Fill(window.Humidity, 10);
        Array.Fill(window.Pressure, 12);
        Array.Fill(window.Watered, 0.25f);
        return window;
    }
}
