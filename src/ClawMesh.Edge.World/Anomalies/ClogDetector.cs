using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>A valve is open and no water passes its meter; or it was opened, nothing was seen, and the node closed it again.</summary>
internal sealed class ClogDetector(WaterLine line, AnomalyOptions options, TimeProvider time) : Detector(
    AnomalyKinds.Clog, line.Flow.Entity, FailureClass.ActuationUnconfirmed,
    "Look at the tank, the filter, the valve and the pipe, and whether the meter turns. A clogged filter, a stuck valve, an empty tank or a dead meter does this.",
    options, time)
{
    // Parts of the flow that the site says an open valve shows.
    private const double NoFlow = 0.25;
    private const double EnoughFlow = 0.5;

    private readonly HashSet<string> _judged = new(StringComparer.Ordinal);
    private long _openSince;

    public override Finding Look(TwinSnapshot twin)
    {
        TwinProperty? flow = twin.Find(line.Flow.Entity, line.Flow.Property);
        if (!Finding.IsUsable(flow)) return Finding.Unknown;
        double value = flow!.Value!.Value;
        double expected = double.PositiveInfinity;
        TwinProperty? open = null;
        foreach (LineValve valve in line.Valves)
        {
            if (Unconfirmed(twin, valve) is { } nothing && value < valve.ExpectedFlow * NoFlow) return Of(Verdict.Certain, flow, value, valve.ExpectedFlow, valve.Actuator, nothing);
            if (IsOn(twin, valve.Actuator) != true) continue;
            open = twin.Find(valve.Actuator, TwinWriter.State);
            if (valve.ExpectedFlow < expected) expected = valve.ExpectedFlow;
        }

        if (open is null)
        {
            _openSince = 0;
            return Finding.Unknown;
        }

        if (_openSince == 0) _openSince = Time.GetTimestamp();
        if (!IsAfter(flow, _openSince)) return Finding.Unknown;
        Verdict verdict = value < expected * NoFlow ? Verdict.Wrong : value >= expected * EnoughFlow ? Verdict.Normal : Verdict.Between;
        return Of(verdict, flow, value, expected, line.Flow.Entity, open);
    }

    // The desk's word about one command, judged once.
    private TwinProperty? Unconfirmed(TwinSnapshot twin, LineValve valve)
    {
        if (twin.Find(valve.Actuator, TwinWriter.Outcome) is not { Text: "open unconfirmed" or "start unconfirmed" or "on unconfirmed", Freshness: Freshness.Fresh } outcome || _judged.Contains(outcome.FrameId)) return null;
        // As many as the line has valves are remembered, and the latest of each is one of them.
        if (_judged.Count >= line.Valves.Count * 4) _judged.Clear();
        _judged.Add(outcome.FrameId);
        return outcome;
    }

    private Finding Of(Verdict verdict, TwinProperty flow, double value, double expected, string where, TwinProperty beside) => new(
        verdict, flow, $"{Text(line.Flow, value)} with {(where == line.Flow.Entity ? "a valve" : where)} open",
        string.Create(CultureInfo.InvariantCulture, $"at least {expected:0.##} {line.Flow.Unit}"), beside);
}
