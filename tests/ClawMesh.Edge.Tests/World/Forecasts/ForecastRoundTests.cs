using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Forecasts;

public sealed class ForecastRoundTests
{
    private static readonly ForecastZone Zone = new("zone-1", "actuator:valve:zone-1", 12);

    private readonly FakeTwin _twin = new();
    private readonly FakeForecaster _forecaster = new();
    private readonly WateringLog _watering = new(FakeTwin.SiteNow - TimeSpan.FromDays(2));

    [Fact]
    public async Task A_zone_that_is_measured_is_forecast_in_percent()
    {
        _twin.Measure("zone:zone-1", "moisture", 24);

        ZoneForecast forecast = await MakeAsync();

        Assert.Null(forecast.Unavailable);
        Assert.Equal((60, 24.5, "model"), (forecast.Horizons[0].Minutes, forecast.Horizons[0].MiddlePercent, forecast.Horizons[0].Use));
        Assert.Equal(25.5f, forecast.Hourly[^1]);
        Assert.Equal(0.4f, forecast.State[SoilState.Moisture], 1e-5);
    }

    [Fact]
    public async Task Where_the_manifest_says_so_the_forecast_is_what_is_measured_now()
    {
        _twin.Measure("zone:zone-1", "moisture", 24);

        ForecastHorizon last = (await MakeAsync()).Horizons[1];

        Assert.Equal((120, 22.0, 24.0, 26.0, "persistence"), (last.Minutes, last.LowPercent, last.MiddlePercent, last.HighPercent, last.Use));
    }

    [Fact]
    public async Task A_zone_that_nobody_measures_has_no_forecast_and_the_model_is_not_asked()
    {
        ZoneForecast forecast = await MakeAsync();

        Assert.Contains("was not heard in the last 30 minutes", forecast.Unavailable, StringComparison.Ordinal);
        Assert.Equal(FailureClass.StaleData, forecast.FailureClass);
        Assert.Equal(0, _forecaster.Runs);
    }

    [Fact]
    public async Task A_model_that_cannot_answer_leaves_a_forecast_that_says_why()
    {
        _twin.Measure("zone:zone-1", "moisture", 24);
        _forecaster.Answer = ForecastRun.None("the GPU is gone", FailureClass.Gpu);

        ZoneForecast forecast = await MakeAsync();

        Assert.Equal(("the GPU is gone", FailureClass.Gpu), (forecast.Unavailable, forecast.FailureClass));
        Assert.Empty(forecast.Horizons);
    }

    [Fact]
    public async Task An_answer_that_is_no_number_is_no_forecast()
    {
        _twin.Measure("zone:zone-1", "moisture", 24);
        _forecaster.Answer = ForecastRun.Of([float.NaN, 0]);

        ZoneForecast forecast = await MakeAsync();

        Assert.Contains("not a number", forecast.Unavailable, StringComparison.Ordinal);
        Assert.Equal(FailureClass.Model, forecast.FailureClass);
    }

    [Fact]
    public async Task Weather_is_taken_from_the_station_unless_the_zone_has_its_own()
    {
        _twin.Measure("zone:zone-1", "moisture", 24);
        _twin.Measure("zone:station", "air-temp", 21);
        _twin.Measure("zone:annex", "humidity", 70);
        _twin.Measure("zone:zone-1", "humidity", 55);
        ForecastRound round = Round();

        await round.MakeAsync(Zone, TestContext.Current.CancellationToken);

        Assert.Equal((21f, 55f), (round.Window.AirTemperature[^1], round.Window.Humidity[^1]));
        Assert.True(float.IsNaN(round.Window.Pressure[^1]));
    }

    [Fact]
    public async Task Watering_of_the_last_day_is_part_of_what_the_model_is_given()
    {
        _twin.Measure("zone:zone-1", "moisture", 24);
        _watering.Changed(Zone.ValveRef!, open: true, FakeTwin.SiteNow - TimeSpan.FromMinutes(15));
        ForecastRound round = Round();

        await round.MakeAsync(Zone, TestContext.Current.CancellationToken);
        Assert.Equal(1f, round.Window.Watered[^1]);

        await round.MakeAsync(Zone with { ValveRef = null }, TestContext.Current.CancellationToken);
        Assert.True(float.IsNaN(round.Window.Watered[^1]));
    }

    [Fact]
    public async Task What_is_forecast_from_a_simulation_says_so()
    {
        _twin.Measure("zone:zone-1", "moisture", 24, simulated: true);

        Assert.True((await MakeAsync()).Simulated);
    }

    private Task<ZoneForecast> MakeAsync() => Round().MakeAsync(Zone, TestContext.Current.CancellationToken);

    private ForecastRound Round() => new(_twin, _twin, _watering, _forecaster, Manifest(), Guid.NewGuid);

    private static ModelManifest Manifest() => new()
    {
        Schema = 1, Name = "test", Version = "1", File = "test.onnx", Sha256 = "", WindowMinutes = 1_440, StepMinutes = 60, Steps = 2,
        Inputs = [new ModelInput("state", [null, 16], [.. Enumerable.Range(0, 16).Select(i => new ModelField($"f{i}", "%", 20, 10))])],
        Outputs =
        [
            new ModelOutput("trajectory", [null, 2, 16], "%",
                [new ModelHorizon(60, "model", []), new ModelHorizon(120, "persistence", [new ModelQuantile(0.1, -2), new ModelQuantile(0.9, 2)])]),
        ],
        Training = new ModelTraining("none", []), Golden = new ModelGolden([], [], 0),
    };

    private sealed class FakeForecaster : IForecaster
    {
        public int Runs { get; private set; }

        public ForecastRun Answer { get; set; } = ForecastRun.Of([0.45f, 0.55f]);

        public ForecasterFacts Facts => new("test", "cpu", []);

        public ValueTask<ForecastRun> RunAsync(ReadOnlyMemory<float> state, ReadOnlyMemory<float> actions, CancellationToken cancellationToken)
        {
            Runs++;
            return ValueTask.FromResult(Answer);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class FakeTwin : ITwinReader, IWorldClock
    {
        public static readonly DateTimeOffset SiteNow = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

        private readonly Dictionary<string, TwinEntity> _entities = [];

        public DateTimeOffset Now => SiteNow;

        public double Rate => 1;

        public TwinSnapshot Current => new(1, SiteNow, _entities);

        public void Measure(string entity, string property, double value, bool simulated = false)
        {
            var measured = new TwinProperty(property, "", value, null, EvidenceTier.OperationalObservation, ["sensor"], simulated, "me", "frame", 0, 0, Freshness.Fresh);
            var properties = _entities.TryGetValue(entity, out TwinEntity? known) ? new Dictionary<string, TwinProperty>(known.Properties) : [];
            properties[property] = measured;
            _entities[entity] = new TwinEntity(entity, EntityKind.Zone, properties);
        }

        public int History(string entity, string property, TimeSpan step, Span<float> values)
        {
            values.Fill(float.NaN);
            if (Current.Find(entity, property)?.Value is not { } value) return 0;
            values[^1] = (float)value;
            return 1;
        }
    }
}
