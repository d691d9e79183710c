using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Agent.Forecasting;

/// <summary>Makes forecasts, for the picture and for the planner, and tells the veto what a minute of watering adds. One caller at a time.</summary>
internal sealed class ZoneOutlooks : IZoneOutlooks
{
    private readonly SiteOutlook _world;
    private readonly EdgeNode _node;
    private readonly EngineRoom _engines;
    private readonly ForecastRound _round;
    private readonly IRolloutEngine _engine;

    /// <param name="engine">The inference thread, as an engine.</param>
    public ZoneOutlooks(SiteOutlook world, EdgeNode node, EngineRoom engines, EngineForecaster forecaster, IRolloutEngine engine)
    {
        (_world, _node, _engines, _engine) = (world, node, engines, engine);
        _round = new ForecastRound(node.World.Twin, node.World.Clock, world.Watering, forecaster, engines.Manifest, node.NewId);
    }

    public async Task<ZoneOutlook> ForecastAsync(ForecastZone zone, CancellationToken cancellationToken)
    {
        ZoneForecast forecast = await _round.MakeAsync(zone, cancellationToken);
        var known = new float[_engines.Manifest.Steps * SoilAction.Size];
        SoilFeatures.Actions(_node.World.Clock.Now, zone.LitresPerMinute, zone.ValveRef is not null, known);
        ModelField moisture = _engines.Manifest.Inputs[0].Fields[SoilState.Moisture];
        _world.Take(forecast, Rise(forecast, known, (float)moisture.Deviation));
        return new ZoneOutlook(forecast, known, (float)moisture.Deviation, (float)moisture.Mean);
    }

    public async ValueTask<ZoneOutlook> LookAsync(ZoneGoal goal, CancellationToken cancellationToken)
    {
        foreach (ForecastZone zone in _world.Zones)
        {
            if (zone.Zone == goal.Zone) return await ForecastAsync(zone, cancellationToken);
        }

        return await ForecastAsync(new ForecastZone(goal.Zone, goal.TargetRef, goal.LitresPerMinute), cancellationToken);
    }

    private float[] Rise(ZoneForecast forecast, float[] known, float percentPerUnit)
    {
        if (forecast.Unavailable is not null) return [];
        try
        {
            return WateringRise.PerMinute(_engine, forecast.State, known, _engines.Manifest.Steps, percentPerUnit);
        }
        catch (EdgeException)
        {
            // The forecast stands; without it the veto has nothing to say.
            return [];
        }
    }
}
