using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Forecasts;

/// <summary>
/// Makes the forecast of a zone: window, state, run, horizons. What goes wrong becomes a forecast that says why there is none; nothing
/// is thrown but cancellation. One caller at a time.
/// </summary>
public sealed class ForecastRound(ITwinReader twin, IWorldClock clock, WateringLog watering, IForecaster forecaster, ModelManifest manifest, Func<Guid> newId)
{
    private readonly WindowReader _reader = new(twin, clock, watering);
    private readonly SoilWindow _window = new();

    /// <summary>What the latest forecast was made from; overwritten by the next.</summary>
    public SoilWindow Window => _window;

    public async Task<ZoneForecast> MakeAsync(ForecastZone zone, CancellationToken cancellationToken)
    {
        _reader.Fill(zone, _window);
        var state = new float[SoilState.Size];
        DateTimeOffset now = clock.Now;
        bool simulated = twin.Current.Find(WindowReader.EntityOf(zone.Zone), "moisture") is { Simulated: true };
        if (SoilFeatures.State(_window, manifest.Inputs[0].Fields, state) is { } tooLittle) return None(zone, now, simulated, $"Too little is known: {tooLittle}.", FailureClass.StaleData);

        var actions = new float[manifest.Steps * SoilAction.Size];
        SoilFeatures.Actions(now, zone.LitresPerMinute, zone.ValveRef is not null, actions);
        ForecastRun run = await forecaster.RunAsync(state, actions, cancellationToken);
        if (run.Unavailable is { } why) return None(zone, now, simulated, why, run.FailureClass ?? FailureClass.Model);
        try
        {
            return new ZoneForecast(
                newId().ToString("D"), zone.Zone, now, manifest.Name, forecaster.Facts.Provider, simulated,
                ForecastReader.Read(run.Moisture, manifest, SoilFeatures.CurrentMoisture(_window)), state, ForecastReader.Hourly(run.Moisture, manifest));
        }
        catch (EdgeException notANumber)
        {
            return None(zone, now, simulated, notANumber.Why, notANumber.FailureClass);
        }
    }

    private ZoneForecast None(ForecastZone zone, DateTimeOffset now, bool simulated, string why, FailureClass failureClass) =>
        new(newId().ToString("D"), zone.Zone, now, manifest.Name, forecaster.Facts.Provider, simulated, [], [], [], why, failureClass);
}
