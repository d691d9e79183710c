using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>
/// Asks every detector of the site at each look and says each incident twice: when it is raised and when it is over. One caller at a
/// time; <see cref="Open"/> may be read by anybody.
/// </summary>
public sealed class AnomalyWatch
{
    /// <summary>Zones whose forecasts are compared.</summary>
    public const int MaxZones = 64;

    private readonly AnomalySite _site;
    private readonly TimeProvider _time;
    private readonly IWorldClock _world;
    private readonly IEventSink _events;
    private readonly AnomalyOptions _options;
    private readonly Action<AnomalyReport>? _tell;
    private readonly List<Detector> _detectors = [];
    private readonly Dictionary<string, DriftDetector> _drifts = new(StringComparer.Ordinal);
    private AnomalyReport[] _open = [];

    /// <param name="tell">Called with each report, to make a frame of it; must not throw.</param>
    public AnomalyWatch(AnomalySite site, TimeProvider time, IWorldClock world, IEventSink events, Action<AnomalyReport>? tell = null, AnomalyOptions? options = null)
    {
        (_site, _time, _world, _events, _tell, _options) = (site, time, world, events, tell, options ?? AnomalyOptions.Default);
        foreach (WaterLine line in site.Lines)
        {
            _detectors.Add(new LeakDetector(line, _options, time));
            _detectors.Add(new ClogDetector(line, _options, time));
        }

        foreach (PumpWiring pump in site.Pumps) _detectors.Add(new DryRunDetector(pump, _options, time));
    }

    /// <summary>Incidents that are not over.</summary>
    public IReadOnlyList<AnomalyReport> Open => Volatile.Read(ref _open);

    /// <param name="forecasts">The latest of each zone; the same ones may be given again.</param>
    public void Look(TwinSnapshot twin, IReadOnlyList<ZoneForecast> forecasts)
    {
        foreach (ZoneForecast forecast in forecasts) DriftOf(forecast.Zone)?.Expect(forecast);
        foreach (Detector detector in _detectors)
        {
            Finding finding = detector.Look(twin);
            if (detector.Incident.Take(finding)) Say(detector, finding);
        }
    }

    private DriftDetector? DriftOf(string zone)
    {
        if (_drifts.TryGetValue(zone, out DriftDetector? known)) return known;
        if (_drifts.Count == MaxZones) return null;
        string name = zone.StartsWith("zone:", StringComparison.Ordinal) ? zone["zone:".Length..] : zone;
        // A zone of a peer: its valve has the zone's name, as everywhere.
        IReadOnlyList<string> valves = _site.ValvesOfZone.TryGetValue(name, out IReadOnlyList<string>? own) ? own : [$"actuator:valve:{name}"];
        var drift = new DriftDetector(name, valves, _world, _options, _time);
        _drifts.Add(zone, drift);
        _detectors.Add(drift);
        return drift;
    }

    private void Say(Detector detector, Finding finding)
    {
        Incident incident = detector.Incident;
        var report = new AnomalyReport(
            detector.Kind, detector.Subject, incident.IsOpen, _time.GetUtcNow(), finding.Seen, finding.Expected, detector.Check, [.. incident.Evidence],
            detector.UsesForecast, detector.UsesForecast ? EvidenceTier.PlanningInference : incident.Tier, incident.Simulated, detector.FailureClass);
        var open = new List<AnomalyReport>();
        foreach (AnomalyReport other in _open)
        {
            if (other.Kind != report.Kind || other.Subject != report.Subject) open.Add(other);
        }

        if (report.Raised) open.Add(report);
        Volatile.Write(ref _open, [.. open]);
        string message = report.Raised
            ? $"{report.Kind}: {report.Subject} shows {report.Seen}; expected {report.Expected}. {report.Check}"
            : $"{report.Kind}: {report.Subject} is as expected again{(report.Seen.Length > 0 ? $", {report.Seen}" : "")}.";
        _events.Publish(new EdgeEvent(
            0, default, EventTypes.Anomaly, report.Raised ? EventSeverity.Warning : EventSeverity.Info, report.Subject, message, report.Raised ? report.FailureClass : null,
            new Dictionary<string, string>
            {
                ["anomaly"] = report.Kind, ["state"] = report.Raised ? "raised" : "cleared", ["seen"] = report.Seen, ["expected"] = report.Expected,
                ["check"] = report.Check, ["evidence"] = string.Join(' ', report.Evidence), ["tier"] = report.Tier.Word(),
            }));
        _tell?.Invoke(report);
    }
}
