using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.TestKit.World;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Planner;

/// <summary>One zone that dries by the same each hour, with a planner that looks at it. Each test changes what it is about.</summary>
internal sealed class PlannerField
{
    public const int Steps = 24;

    private ReferenceRolloutEngine? _engine;

    public ZoneGoal Goal { get; set; } = new("zone-1", "actuator:valve:zone-1", 20, 30, 12, 400, [], ApprovalLevel.L1, 10, 30);

    /// <summary>10:00 at the site.</summary>
    public DateTimeOffset SiteNow { get; set; } = new(2026, 6, 1, 10, 0, 0, TimeSpan.FromHours(2));

    public double Moisture { get; set; } = 20.5;

    public float LossPercentPerHour { get; set; } = 0.2f;

    /// <summary>Of an hour of open valve: 720 l over 18 l for each percent.</summary>
    public float GainPercent { get; set; } = 40;

    public double Uncertainty { get; set; } = 0.1;

    public WaterUsed Used { get; set; }

    public StandingPlan? Standing { get; set; }

    public PlannerOptions Options { get; set; } = new() { Candidates = 256, SensorMarginPercent = 0.2 };

    public ReferenceRolloutEngine Engine => _engine ??= new ReferenceRolloutEngine(DryingNet.Of(LossPercentPerHour, GainPercent));

    public PlanAdvice Advise(ZoneOutlook? outlook = null, SensorEvidence? measured = null) =>
        new ZonePlanner(Engine, Options).Advise(Goal, outlook ?? Outlook(), measured ?? Evidence(Moisture), Used, SiteNow, Standing);

    public static SensorEvidence Evidence(double percent) => SensorEvidence.From(Property(percent), outputsAreReal: true)!;

    public static TwinProperty Property(double percent, Freshness freshness = Freshness.Fresh, EvidenceTier tier = EvidenceTier.OperationalObservation, string source = "sensor", bool simulated = false) =>
        new("moisture", "%", percent, null, tier, [source], simulated, "self", "frame-1", 0, 0, freshness);

    public ZoneOutlook Outlook()
    {
        var state = new float[SoilState.Size];
        state[SoilState.Moisture] = (float)(Moisture - DryingNet.Offset) / DryingNet.Scale;
        var known = new float[Steps * SoilAction.Size];
        var hourly = new float[Steps];
        Engine.Roll(state, known, Steps, hourly);
        for (int i = 0; i < Steps; i++) hourly[i] = (hourly[i] * DryingNet.Scale) + DryingNet.Offset;
        ForecastHorizon[] horizons = [Horizon(1), Horizon(6), Horizon(12), Horizon(24)];
        return new ZoneOutlook(new ZoneForecast("fc-1", Goal.Zone, SiteNow, "drying", "reference", false, horizons, state, hourly), known, DryingNet.Scale, DryingNet.Offset);

        ForecastHorizon Horizon(int hours) => new(hours * 60, hourly[hours - 1] - Uncertainty, hourly[hours - 1], hourly[hours - 1] + Uncertainty, "model");
    }
}
