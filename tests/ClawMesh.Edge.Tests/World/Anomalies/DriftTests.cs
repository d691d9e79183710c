using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.World.Anomalies;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Anomalies;

public class DriftTests
{
    private const int Hour = 60;

    private readonly AnomalyBench _bench = new();
    private int _forecasts;

    [Fact]
    public void A_sensor_outside_the_forecasts_band_several_times_on_one_side_drifts_and_the_report_is_a_models()
    {
        // A forecast each hour says 30; the sensor climbs away.
        double moisture = 30;
        RunHours(6, () => moisture += 2, () => moisture);

        AnomalyReport report = Assert.Single(_bench.Reports);
        Assert.Equal((AnomalyKinds.SensorDrift, "zone:zone-1", true, EvidenceTier.PlanningInference), (report.Kind, report.Subject, report.UsedForecast, report.Tier));
        Assert.InRange(report.Evidence.Count, 1, 5);

        moisture = 30;
        RunHours(14, () => { }, () => moisture);
        Assert.Equal("sensor-drift raised, sensor-drift cleared", _bench.Said());
    }

    [Fact]
    public void A_sensor_inside_the_band_with_noise_on_both_sides_does_not_drift()
    {
        var chance = new Random(3);
        double moisture = 30;
        RunHours(200, () => moisture = 30 + (chance.NextDouble() * 5.4) - 2.7, () => moisture);
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void A_sensor_that_is_always_a_little_too_high_is_found_although_it_never_leaves_the_band()
    {
        RunHours(80, () => { }, () => 31.3);
        Assert.Equal("sensor-drift raised", _bench.Said());
    }

    [Fact]
    public void Twice_outside_and_back_is_chance()
    {
        double moisture = 30;
        int hour = 0;
        RunHours(40, () => moisture = hour++ % 8 < 2 ? 32.5 : 29.5, () => moisture);
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void A_zone_that_is_watered_makes_the_forecast_void()
    {
        double moisture = 30;
        RunHours(10, () => moisture += 2, () => moisture, valve: 1);
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void Without_a_fresh_sensor_or_a_forecast_nothing_is_compared()
    {
        double moisture = 30;
        RunHours(10, () => moisture += 2, () => moisture, freshness: Freshness.Stale);
        Assert.Empty(_bench.Reports);

        _bench.Forecasts.Clear();
        _bench.RunMinutes(10 * Hour, () => _bench.Say("zone:zone-1", "moisture", moisture += 0.01));
        Assert.Empty(_bench.Reports);
    }

    private void RunHours(int hours, Action each, Func<double> moisture, double valve = 0, Freshness freshness = Freshness.Fresh)
    {
        for (int hour = 0; hour < hours; hour++)
        {
            _bench.Forecasts.Clear();
            _bench.Forecasts.Add(new ZoneForecast($"fc-{++_forecasts}", "zone-1", _bench.Time.GetUtcNow(), "m", "cpu", false, [new ForecastHorizon(Hour, 28.5, 30, 31.5, "model")], [], []));
            each();
            _bench.RunMinutes(Hour, () =>
            {
                _bench.Say("zone:zone-1", "moisture", moisture(), freshness: freshness);
                _bench.State(AnomalyBench.Valve, valve);
            });
        }
    }
}
