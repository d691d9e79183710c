using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.World.Planner;

/// <summary>A forecast with what it takes to try waterings on the same model.</summary>
/// <param name="Known">[steps, 8], what is known of each hour beforehand (<see cref="Core.World.SoilAction"/>), watering at zero.</param>
/// <param name="MoistureScale">Percent = normalised × scale + <paramref name="MoistureOffset"/>, of state member 0.</param>
public sealed record ZoneOutlook(ZoneForecast Forecast, float[] Known, float MoistureScale, float MoistureOffset);

/// <summary>Where the planner gets its forecasts. One at a time; never throws for what a model or its device did.</summary>
public interface IZoneOutlooks
{
    ValueTask<ZoneOutlook> LookAsync(ZoneGoal goal, CancellationToken cancellationToken);
}
