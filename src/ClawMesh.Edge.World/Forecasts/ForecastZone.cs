namespace ClawMesh.Edge.World.Forecasts;

/// <summary>A zone that is forecast, and which valve waters it.</summary>
/// <param name="ValveRef">Null when nothing here waters it: then watering is not known to the model.</param>
/// <param name="LitresPerMinute">What the open valve passes.</param>
public sealed record ForecastZone(string Zone, string? ValveRef, double LitresPerMinute);
