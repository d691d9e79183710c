using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>
/// A pump runs without water: its motor draws far less than it did when water flowed, or nothing flows while the tank is low. What it
/// usually draws is learned while a valve is open and water flows; with all valves closed a pump works against them, which is another thing.
/// </summary>
internal sealed class DryRunDetector(PumpWiring pump, AnomalyOptions options, TimeProvider time) : Detector(
    AnomalyKinds.PumpDryRun, pump.Actuator, FailureClass.OutOfRange,
    "Stop the pump. Look at the tank, the suction pipe and its strainer, and whether the level sensor tells the truth.",
    options, time)
{
    private const int Learned = 10;
    private const double FarBelow = 0.5;
    private const double NearEnough = 0.7;

    // The lowest usual value may rise by a thousandth with each statement, so that one odd reading is forgotten.
    private const double Forgetting = 1.001;

    private double _usual = double.PositiveInfinity;
    private int _seen;
    private string _lastSeen = "";
    private long _onSince;

    public override Finding Look(TwinSnapshot twin)
    {
        if (IsOn(twin, pump.Actuator) != true)
        {
            _onSince = 0;
            return Finding.Unknown;
        }

        if (_onSince == 0) _onSince = Time.GetTimestamp();
        TwinProperty? current = Settled(twin, pump.Current), flow = Settled(twin, pump.Line?.Flow), level = Settled(twin, pump.Tank, anyAge: true);
        bool flows = flow is not null && flow.Value >= pump.Line!.LeakAbove;
        bool mayFlow = pump.Line is null || AnyOpen(twin, pump.Line);
        if (Motor(current, mayFlow) is { } motor && motor.Verdict == Verdict.Wrong) return motor;
        if (flow is not null && !flows && mayFlow && level is not null && level.Value <= pump.LowLevel)
        {
            return new Finding(
                Verdict.Wrong, flow, $"{Text(pump.Line!.Flow, flow.Value!.Value)} and {Text(pump.Tank!, level.Value!.Value)} with the pump running",
                string.Create(CultureInfo.InvariantCulture, $"flow of at least {pump.Line.LeakAbove:0.##} {pump.Line.Flow.Unit}"), level);
        }

        if (current is not null && flows && mayFlow) Learn(current);
        return Motor(current, mayFlow) ?? (flows && pump.Current is null ? new Finding(Verdict.Normal, flow) : Finding.Unknown);
    }

    // Null when the motor says nothing about it.
    private Finding? Motor(TwinProperty? current, bool mayFlow)
    {
        if (current is null) return null;
        double value = current.Value!.Value;
        double least = Math.Max(pump.AtLeast ?? 0, _seen >= Learned && mayFlow ? _usual * FarBelow : 0);
        if (value < least)
        {
            return new Finding(
                Verdict.Wrong, current, $"{Text(pump.Current!, value)} with the pump running",
                string.Create(CultureInfo.InvariantCulture, $"at least {least:0.##} {pump.Current!.Unit}; {(_seen >= Learned ? $"{_usual:0.##} is usual" : "the site says so")}"));
        }

        if (_seen < Learned || !mayFlow) return null;
        return new Finding(value >= _usual * NearEnough ? Verdict.Normal : Verdict.Between, current);
    }

    private void Learn(TwinProperty current)
    {
        if (current.FrameId == _lastSeen) return;
        _lastSeen = current.FrameId;
        _seen = Math.Min(_seen + 1, Learned);
        _usual = Math.Min(_usual * Forgetting, current.Value!.Value);
    }

    private TwinProperty? Settled(TwinSnapshot twin, Measured? what, bool anyAge = false) =>
        what is not null && twin.Find(what.Entity, what.Property) is { } property && Finding.IsUsable(property) && (anyAge || IsAfter(property, _onSince)) ? property : null;

    private static bool AnyOpen(TwinSnapshot twin, WaterLine line)
    {
        foreach (LineValve valve in line.Valves)
        {
            if (IsOn(twin, valve.Actuator) == true) return true;
        }

        return false;
    }
}
