using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>Water flows through a meter while no valve behind it is open.</summary>
internal sealed class LeakDetector(WaterLine line, AnomalyOptions options, TimeProvider time) : Detector(
    AnomalyKinds.Leak, line.Flow.Entity, FailureClass.OutOfRange,
    "Look for water at the valves and along the pipe; close the supply by hand if it runs. A valve that does not shut, a burst pipe or a meter that counts by itself does this.",
    options, time)
{
    private long _closedSince;

    public override Finding Look(TwinSnapshot twin)
    {
        foreach (LineValve valve in line.Valves)
        {
            if (IsOn(twin, valve.Actuator) == false) continue;
            _closedSince = 0;
            return Finding.Unknown;
        }

        if (_closedSince == 0) _closedSince = Time.GetTimestamp();
        TwinProperty? flow = twin.Find(line.Flow.Entity, line.Flow.Property);
        if (!Finding.IsUsable(flow) || !IsAfter(flow!, _closedSince)) return Finding.Unknown;
        double value = flow!.Value!.Value;
        Verdict verdict = value > line.LeakAbove ? Verdict.Wrong : value < line.LeakAbove / 2 ? Verdict.Normal : Verdict.Between;
        return new Finding(
            verdict, flow, $"{Text(line.Flow, value)} with all {line.Valves.Count} valves of the line closed",
            string.Create(CultureInfo.InvariantCulture, $"at most {line.LeakAbove:0.##} {line.Flow.Unit}"), twin.Find(line.Valves[0].Actuator, TwinWriter.State));
    }
}
