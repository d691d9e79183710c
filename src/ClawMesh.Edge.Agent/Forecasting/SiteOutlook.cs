using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Rollouts;
using ClawMesh.Edge.Trust.Desk;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Forecasting;

/// <summary>
/// What a node expects of its site: goals, engines, forecasts, and on a planner node the plans. One task owns it all; whatever goes wrong
/// in it, the node goes on sensing and gating without forecasts, and says why.
/// </summary>
internal sealed class SiteOutlook
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ForecastEvery = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan ForecastAtMostEvery = TimeSpan.FromSeconds(5);

    // Above it the module is near the point where it slows down by itself.
    private const double HotCelsius = 92;

    private readonly EdgeNode _node;
    private readonly ForecastTelling _telling;
    private readonly IReadOnlyList<SensorInfo> _thermals;
    private long _lastForecasts;
    private bool _forecastBefore;

    private SiteOutlook(EdgeNode node, IReadOnlyList<ZoneGoal> goals)
    {
        (_node, Goals) = (node, goals);
        Watering = new WateringLog(node.World.Clock.Now);
        Veto = new ForecastVeto(goals, node.World.Clock, outputsAreReal: !node.Site.Simulated);
        Zones = ZonesOf(node, goals);
        _telling = new ForecastTelling(node);
        _thermals = [.. node.Sensors.Select(s => s.Info).Where(i => i.Id.Value.StartsWith("sensor:thermal:", StringComparison.Ordinal))];
    }

    public IReadOnlyList<ZoneGoal> Goals { get; }

    public IReadOnlyList<ForecastZone> Zones { get; }

    public ForecastBook Forecasts { get; } = new();

    public ForecastVeto Veto { get; }

    public WateringLog Watering { get; }

    /// <summary>Null until the engines were tried.</summary>
    public EngineRoom? Engines { get; private set; }

    /// <summary>What runs the model at present.</summary>
    public ForecasterFacts? Facts { get; private set; }

    /// <summary>Why there are no forecasts at all; null when there may be some.</summary>
    public string? Broken { get; private set; }

    public PlannerLoop? Planner { get; private set; }

    /// <summary>Reads the goals. Ones that cannot be used are none: the node starts without a planner, and an event says why.</summary>
    public static SiteOutlook Open(EdgeNode node)
    {
        IReadOnlyList<ZoneGoal> goals = [];
        try
        {
            goals = GoalsFile.Load(node.Options.GoalsFile ?? Path.Combine(node.Options.State.Path, GoalsFile.Name), node.Site);
        }
        catch (EdgeException unusable)
        {
            node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "planner", $"{unusable.What} {unusable.Why} {unusable.Fix} Nothing is planned.", unusable.FailureClass));
        }

        return new SiteOutlook(node, goals);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Trying engines may take seconds; nobody who starts waits for it.
        await Task.Yield();
        Subsystem subsystem = _node.Subsystems.Declare("world model", "service");
        if (Zones.Count == 0 && Goals.Count == 0)
        {
            Broken = "no zone of this site has a moisture sensor, and no goal names one";
            subsystem.Start();
            return;
        }

        if (await TryOpenAsync(subsystem) is not { } engines) return;
        await using EngineForecaster forecaster = engines.Forecaster(IsHot, _node.Time);
        if (engines.Engine is FallbackRolloutEngine several)
        {
            several.FellBack += fallback => _node.Events.Publish(new EdgeEvent(
                0, default, EventTypes.Error, EventSeverity.Warning, "world model", $"Engine '{fallback.From}' failed and '{fallback.To}' takes over: {fallback.Why.Why}", fallback.Why.FailureClass));
        }

        subsystem.Start();
        using var engine = new LineEngine(forecaster, engines.Sizes);
        var outlooks = new ZoneOutlooks(this, _node, engines, forecaster, engine);
        if (Goals.Count > 0) Planner = PlannerLoop.Open(_node, this, outlooks, engine);
        try
        {
            await LoopAsync(outlooks, forecaster, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private async Task<EngineRoom?> TryOpenAsync(Subsystem subsystem)
    {
        try
        {
            Engines = await Task.Factory.StartNew(() => EngineRoom.Open(_node.Options.Models, _node.Time), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return Engines;
        }
        catch (EdgeException unusable)
        {
            Broken = $"{unusable.What} {unusable.Why}";
            subsystem.Become(DriverState.Validated);
            subsystem.Become(DriverState.Blocked, Broken, unusable.FailureClass);
            _node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "world model", $"There are no forecasts: {Broken} {unusable.Fix}", unusable.FailureClass));
            // Whoever asks for a zone's forecast is told why there is none.
            foreach (ForecastZone zone in Zones)
                Forecasts.Put(new ZoneForecast(_node.NewId().ToString("D"), zone.Zone, _node.World.Clock.Now, "", "", _node.Site.Simulated, [], [], [], Broken, unusable.FailureClass));
            return null;
        }
    }

    private async Task LoopAsync(ZoneOutlooks outlooks, EngineForecaster forecaster, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Pace, _node.Time);
        for (int tick = 1; await timer.WaitForNextTickAsync(cancellationToken); tick++)
        {
            NoteValves();
            Facts = forecaster.Facts;
            if (IsForecastDue())
            {
                foreach (ForecastZone zone in Zones) await outlooks.ForecastAsync(zone, cancellationToken);
            }

            if (tick % 4 == 0 && Planner is { } planner) await planner.LookAsync(cancellationToken);
        }
    }

    // A quarter of an hour of the site, which on a fast simulated farm would be many times a second.
    private bool IsForecastDue()
    {
        TimeSpan every = ForecastEvery / _node.World.Clock.Rate;
        if (every < ForecastAtMostEvery) every = ForecastAtMostEvery;
        if (_forecastBefore && _node.Time.GetElapsedTime(_lastForecasts) < every) return false;
        // Before the first samples there is nothing to forecast from.
        if (!_forecastBefore && !Zones.Any(z => _node.World.Twin.Current.Find(WindowReader.EntityOf(z.Zone), "moisture") is not null)) return false;
        (_forecastBefore, _lastForecasts) = (true, _node.Time.GetTimestamp());
        return true;
    }

    private void NoteValves()
    {
        DateTimeOffset now = _node.World.Clock.Now;
        foreach (OutputView output in _node.Desk.Outputs()) Watering.Changed(output.Policy.Actuator.Value, output.State is { Ratio: > 0 }, now);
    }

    private bool IsHot()
    {
        foreach (SensorInfo thermal in _thermals)
        {
            if (_node.Latest.Latest(thermal.Id) is { Value: > HotCelsius }) return true;
        }

        return false;
    }

    /// <summary>Takes a fresh forecast down and tells it.</summary>
    internal void Take(ZoneForecast forecast, float[] rise)
    {
        ZoneForecast? before = Forecasts.Find(forecast.Zone);
        Forecasts.Put(forecast);
        Veto.Take(forecast, rise);
        _telling.Tell(forecast, before);
    }

    // Every zone that is measured here, and every one somebody has a goal for.
    private static List<ForecastZone> ZonesOf(EdgeNode node, IReadOnlyList<ZoneGoal> goals)
    {
        var zones = new List<ForecastZone>();
        foreach (ZoneGoal goal in goals) zones.Add(new ForecastZone(goal.Zone, goal.TargetRef, goal.LitresPerMinute));
        foreach (Core.Sites.SensorBinding sensor in node.Site.Sensors)
        {
            if (sensor.Info.Quantity.Metric != "moisture" || zones.Any(z => z.Zone == sensor.Info.Zone) || zones.Count >= ForecastBook.MaxZones) continue;
            string? valve = node.Site.Actuators.FirstOrDefault(a => a.Zone == sensor.Info.Zone && a.Policy.Actuator.Value.StartsWith("actuator:valve:", StringComparison.Ordinal))?.Policy.Actuator.Value;
            zones.Add(new ForecastZone(sensor.Info.Zone, valve, SoilAction.NominalLitresPerMinute));
        }

        return zones;
    }
}
