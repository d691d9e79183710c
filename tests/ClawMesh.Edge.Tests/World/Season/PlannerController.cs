using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>The planner at L1: its round, its policy and its ledger, with the farm's instruments as the picture. Nobody approves by hand.</summary>
internal sealed class PlannerController : IFarmController, ITwinReader, IWorldClock, IZoneOutlooks, IOutputUse
{
    private readonly FarmField _field;
    private readonly FarmHistory _history;
    private readonly SoilModel _model;
    private readonly IRolloutEngine _engine;
    private readonly IReadOnlyList<ZoneGoal> _goals;
    private readonly WaterLedger _ledger;
    private readonly PlannerRound _round;
    private readonly List<(ZoneGoal Goal, Expectation Expected, DateTimeOffset Began)> _owed = [];
    private long _version;

    public PlannerController(FarmField field, FarmHistory history, SoilModel model, IRolloutEngine engine, IReadOnlyList<ZoneGoal> goals, int candidates)
    {
        (_field, _history, _model, _engine, _goals) = (field, history, model, engine, goals);
        var options = new PlannerOptions { Candidates = candidates, OutputsAreReal = false };
        _ledger = new WaterLedger(new InMemoryJournal(field.Time));
        _round = new PlannerRound(goals, this, new ZonePlanner(engine, options), this, this, _ledger, new SharedLines(goals, field.Site), this, options);
    }

    public List<Comparison> Comparisons { get; } = [];

    /// <summary>Waterings that were outside of the L1 limits: an operator would have been asked.</summary>
    public int Asked { get; private set; }

    public DateTimeOffset Now => _field.Time.GetUtcNow();

    public double Rate => 1;

    public TwinSnapshot Current
    {
        get
        {
            var zones = new Dictionary<string, TwinEntity>();
            for (int zone = 0; zone < _goals.Count; zone++)
            {
                string id = $"zone:{_goals[zone].Zone}";
                var moisture = new TwinProperty(
                    "moisture", "%", _field.Measure($"soil-moisture-{zone + 1}"), null, EvidenceTier.OperationalObservation, ["sensor"], Simulated: true,
                    "self", $"frame-{_version}-{zone}", Now.ToUnixTimeMilliseconds(), _field.Time.GetTimestamp(), Freshness.Fresh);
                zones[id] = new TwinEntity(id, EntityKind.Zone, new Dictionary<string, TwinProperty> { ["moisture"] = moisture });
            }

            return new TwinSnapshot(++_version, Now, zones);
        }
    }

    public async Task EveryMinuteAsync()
    {
        Compare();
        if (!_round.IsDue()) return;
        foreach (PlannedWatering planned in await _round.LookAsync(CancellationToken.None))
        {
            ProposalDraft draft = planned.Draft;
            if (draft.Level != ApprovalLevel.L1)
            {
                Asked++;
                continue;
            }

            DateTimeOffset now = Now;
            await _ledger.AddAsync(draft.Zone, draft.Minutes, planned.Litres, automatic: true, now, CancellationToken.None);
            ActuationAnswer answer = await _field.OpenAsync(draft.TargetRef, draft.Minutes, FarmField.SensorTrust($"policy:{draft.Zone}"));
            if (answer.Outcome == ActuationOutcome.Done) _owed.Add((planned.Goal, draft.Expectation!, now));
            else await _ledger.TakeBackAsync(draft.Zone, draft.Minutes, planned.Litres, automatic: true, now, CancellationToken.None);
        }
    }

    public ValueTask<ZoneOutlook> LookAsync(ZoneGoal goal, CancellationToken cancellationToken)
    {
        int zone = ZoneOf(goal.TargetRef);
        SoilWindow window = _history.Window(zone);
        ModelField moisture = _model.Manifest.Inputs[0].Fields[SoilState.Moisture];
        var state = new float[SoilState.Size];
        var known = new float[_model.Manifest.Steps * SoilAction.Size];
        var rolled = new float[_model.Manifest.Steps];
        string? unavailable = SoilFeatures.State(window, _model.Manifest.Inputs[0].Fields, state);
        SoilFeatures.Actions(Now, goal.LitresPerMinute, wateringKnown: true, known);
        if (unavailable is null) _engine.Roll(state, known, rolled.Length, rolled);
        var forecast = new ZoneForecast(
            $"fc-{_version}", goal.Zone, Now, _model.Name, _engine.Name, Simulated: true,
            ForecastReader.Read(rolled, _model.Manifest, SoilFeatures.CurrentMoisture(window)), state, ForecastReader.Hourly(rolled, _model.Manifest), unavailable);
        return ValueTask.FromResult(new ZoneOutlook(forecast, known, (float)moisture.Deviation, (float)moisture.Mean));
    }

    public bool InUse(string targetRef, string? executorDeviceId) => ZoneOf(targetRef) is >= 0 and < FarmChannels.Zones and var zone && _field.IsOpen(zone);

    public int History(string entity, string property, TimeSpan step, Span<float> values) => throw new NotSupportedException("the planner asks for no history");

    private void Compare()
    {
        for (int i = _owed.Count - 1; i >= 0; i--)
        {
            (ZoneGoal goal, Expectation expected, DateTimeOffset began) = _owed[i];
            if (!ForecastComparison.IsDue(expected, began, Now)) continue;
            _owed.RemoveAt(i);
            TwinProperty measured = Current.Find($"zone:{goal.Zone}", "moisture")!;
            if (SensorEvidence.From(measured, outputsAreReal: false) is { } evidence && ForecastComparison.Of(expected, began, evidence, Now) is { } comparison) Comparisons.Add(comparison);
        }
    }

    private int ZoneOf(string targetRef)
    {
        for (int zone = 0; zone < _goals.Count; zone++)
        {
            if (_goals[zone].TargetRef == targetRef) return zone;
        }

        return -1;
    }
}
