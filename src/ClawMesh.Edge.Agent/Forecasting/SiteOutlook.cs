using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference;
using ClawMesh.Edge.Hardware.Inference.Rollouts;
using ClawMesh.Edge.Mesh.Transport;
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
        _thermals = ThermalsOf(node.Sensors);
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
            string path = node.Options.GoalsFile ?? Path.Combine(node.Options.State.Path, GoalsFile.Name);
            if (node.Options.GoalsFile is not null && !File.Exists(path)) throw new EdgeException("goals.unreadable", $"Could not read the goals in '{path}'.", "There is no such file, and `planner.goals` names it.", "Write it, or take `planner.goals` out.", FailureClass.Config);
            goals = GoalsFile.Load(path, node.Site);
        }
        catch (EdgeException unusable)
        {
            node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "planner", $"{unusable.What} {unusable.Why} {unusable.Fix} Nothing is planned.", unusable.FailureClass));
        }

        if (goals.Count == 0 && node.Options.Role is "planner" or "standby-planner") node.Warn("planner", $"The role of this node is '{node.Options.Role}' and it has no goals: it proposes nothing. docs/planner.md has an example.");
        return new SiteOutlook(node, goals);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Trying engines may take seconds; nobody who starts waits for it.
        await Task.Yield();
        Subsystem subsystem = _node.Subsystems.Declare("world model", "service");
        try
        {
            await RunAsync(subsystem, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (EdgeException unusable)
        {
            Break(subsystem, $"{unusable.What} {unusable.Why}", unusable.Fix, unusable.FailureClass);
        }
        catch (Exception bug)
        {
            // A bug in what the node expects must not take the outputs' node with it.
            Break(subsystem, $"{bug.GetType().Name}: {bug.Message}", "Please report it.", FailureClass.Infra);
        }
    }

    private async Task RunAsync(Subsystem subsystem, CancellationToken cancellationToken)
    {
        if (Zones.Count == 0)
        {
            Broken = "no zone of this site has a moisture sensor, and no goal names one";
            subsystem.Start();
            return;
        }

        Engines = await Task.Factory.StartNew(() => EngineRoom.Open(_node.Options.Models, _node.Time), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await using EngineForecaster forecaster = Engines.Forecaster(IsHot, _node.Time);
        cancellationToken.ThrowIfCancellationRequested();
        if (Engines.Engine is FallbackRolloutEngine several)
        {
            several.FellBack += fallback => _node.Events.Publish(new EdgeEvent(
                0, default, EventTypes.Error, EventSeverity.Warning, "world model", $"Engine '{fallback.From}' failed and '{fallback.To}' takes over: {fallback.Why.Why}", fallback.Why.FailureClass));
        }

        subsystem.Start();
        using var engine = new LineEngine(forecaster, Engines.Sizes);
        var outlooks = new ZoneOutlooks(this, _node, Engines, forecaster, engine);
        Task proposals = Task.CompletedTask;
        if (Goals.Count > 0 && PlannerLoop.Open(_node, this, outlooks, engine) is { } planner)
        {
            Planner = planner;
            proposals = planner.Desk.RunAsync(cancellationToken);
        }

        try
        {
            await LoopAsync(outlooks, forecaster, cancellationToken);
        }
        finally
        {
            await proposals;
        }
    }

    // Whoever asks for a zone's forecast is told why there is none.
    private void Break(Subsystem subsystem, string why, string fix, FailureClass failureClass)
    {
        Broken = why;
        subsystem.Become(DriverState.Validated);
        subsystem.Become(DriverState.Blocked, why, failureClass);
        _node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "world model", $"There are no forecasts: {why} {fix}", failureClass));
        foreach (ForecastZone zone in Zones)
            Forecasts.Put(new ZoneForecast(_node.NewId().ToString("D"), zone.Zone, _node.World.Clock.Now, "", "", _node.Site.Simulated, [], [], [], why, failureClass));
    }

    private async Task LoopAsync(ZoneOutlooks outlooks, EngineForecaster forecaster, CancellationToken cancellationToken)
    {
        var faultsTold = new TokenBucket(_node.Time, 0.02, 5);
        using var timer = new PeriodicTimer(Pace, _node.Time);
        for (int tick = 1; await timer.WaitForNextTickAsync(cancellationToken); tick++)
        {
            try
            {
                NoteValves();
                Facts = forecaster.Facts;
                if (IsForecastDue())
                {
                    foreach (ForecastZone zone in Zones) await outlooks.ForecastAsync(zone, cancellationToken);
                }

                if (tick % 4 == 0 && Planner is { } planner) await planner.LookAsync(cancellationToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                if (faultsTold.TryTake())
                    _node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "world model", $"A look at the site went wrong: {fault.Message}", fault is EdgeException e ? e.FailureClass : FailureClass.Infra));
            }
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

    // By what was allowed, not by asking the buses, four times a second.
    private void NoteValves()
    {
        DateTimeOffset now = _node.World.Clock.Now;
        foreach (Core.Sites.ActuatorBinding output in _node.Site.Actuators) Watering.Changed(output.Policy.Actuator.Value, _node.Desk.MayBeEnergised(output.Policy.Actuator), now);
    }

    /// <summary>The temperatures of this machine, by the ids that its discovery gives them.</summary>
    internal static IReadOnlyList<SensorInfo> ThermalsOf(IEnumerable<ISensor> sensors) =>
        [.. sensors.Select(s => s.Info).Where(i => i.Id.Value.StartsWith("sensor:host:temp:", StringComparison.Ordinal))];

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
