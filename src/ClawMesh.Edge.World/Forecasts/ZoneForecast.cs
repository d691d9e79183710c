using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.World.Forecasts;

/// <summary>What a model expects of one zone's moisture when nothing is done beyond what is running. Evidence of tier T0, whoever asks.</summary>
/// <param name="State">[16], normalised: what the model was given; empty when unavailable.</param>
/// <param name="Hourly">[24], percent, the middle of the forecast at the end of each hour.</param>
/// <param name="Unavailable">Why there is none; null when there is one.</param>
public sealed record ZoneForecast(
    string Id,
    string Zone,
    DateTimeOffset MadeAt,
    string Model,
    string Provider,
    bool Simulated,
    IReadOnlyList<ForecastHorizon> Horizons,
    float[] State,
    float[] Hourly,
    string? Unavailable = null,
    FailureClass? FailureClass = null);

/// <param name="Use"><c>model</c> or <c>persistence</c>, as the manifest chose for this horizon.</param>
public sealed record ForecastHorizon(int Minutes, double LowPercent, double MiddlePercent, double HighPercent, string Use);
