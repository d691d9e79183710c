using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Anomalies;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Anomalies;

/// <summary>A site of one line with two valves and a pump, whose twin says what a test says.</summary>
internal sealed class AnomalyBench
{
    public const string Line = "line:mainline";
    public const string Valve = "actuator:valve:zone-1";
    public const string OtherValve = "actuator:valve:zone-2";
    public const string Pump = "actuator:pump:P1";

    private static readonly WaterLine Mainline = new(new Measured(Line, "flow", "l/min"), 0.75, [new LineValve(Valve, 2), new LineValve(OtherValve, 2)]);

    private readonly Dictionary<string, TwinEntity> _entities = new(StringComparer.Ordinal);
    private int _frames;
    private long _version;

    public AnomalyBench()
    {
        Clock = WorldClock.OfRealSite(Time, TimeSpan.Zero);
        Events = new EventLog(Time);
        Watch = new AnomalyWatch(Site, Time, Clock, Events, Reports.Add);
        State(Valve, 0);
        State(OtherValve, 0);
        State(Pump, 0);
        Say(Line, "flow", 0);
        Say("tank:tank-1", "level", 80);
    }

    public static AnomalySite Site { get; } = new(
        [Mainline], [new PumpWiring(Pump, new Measured("zone:P1", "current", "A"), 1, Mainline, new Measured("tank:tank-1", "level", "%"), 25)],
        new Dictionary<string, IReadOnlyList<string>> { ["zone-1"] = [Valve], ["zone-2"] = [OtherValve] });

    public ManualTime Time { get; } = new();

    public WorldClock Clock { get; }

    public EventLog Events { get; }

    public AnomalyWatch Watch { get; }

    public List<AnomalyReport> Reports { get; } = [];

    public List<ZoneForecast> Forecasts { get; } = [];

    public string LastFrame => $"f{_frames}";

    public void Say(string entity, string property, double? value, string? text = null, EvidenceTier tier = EvidenceTier.OperationalObservation, Freshness freshness = Freshness.Fresh)
    {
        var properties = new Dictionary<string, TwinProperty>(StringComparer.Ordinal);
        if (_entities.TryGetValue(entity, out TwinEntity? known))
        {
            foreach ((string name, TwinProperty kept) in known.Properties) properties[name] = kept;
        }

        _frames++;
        properties[property] = new TwinProperty(property, "", value, text, tier, ["sensor"], false, "a", LastFrame, Time.GetUtcNow().ToUnixTimeMilliseconds(), Time.GetTimestamp(), freshness);
        _entities[entity] = new TwinEntity(entity, EntityKind.Zone, properties);
    }

    public void State(string actuator, double state) => Say(actuator, TwinWriter.State, state);

    /// <summary>Lets time pass with a look each second, and a word every five.</summary>
    public void Run(int seconds, Action? say = null)
    {
        for (int i = 0; i < seconds; i++)
        {
            if (i % 5 == 0) say?.Invoke();
            Look();
            Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    public void Look() => Watch.Look(new TwinSnapshot(++_version, Time.GetUtcNow(), new Dictionary<string, TwinEntity>(_entities)), Forecasts);

    /// <summary>Lets the site's time pass in minutes, with a look each.</summary>
    public void RunMinutes(int minutes, Action? say = null)
    {
        for (int i = 0; i < minutes; i++)
        {
            say?.Invoke();
            Look();
            Time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    public string Said() => string.Join(", ", Reports.Select(r => $"{r.Kind} {(r.Raised ? "raised" : "cleared")}"));
}
