using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>The life of one incident: it must last and be said several times before it is raised, and be over for a while before it is cleared.</summary>
internal sealed class Incident(AnomalyOptions options, TimeProvider time)
{
    private readonly List<string> _evidence = [];
    private long _wrongSince;
    private long _normalSince;
    private long _clearedAt;
    private int _statements;
    private string _lastStatement = "";

    public bool IsOpen { get; private set; }

    public IReadOnlyList<string> Evidence => _evidence;

    public EvidenceTier Tier { get; private set; } = EvidenceTier.OperationalObservation;

    public bool Simulated { get; private set; }

    /// <summary>True when it was raised or cleared by this.</summary>
    public bool Take(Finding finding)
    {
        long now = time.GetTimestamp();
        switch (finding.Verdict)
        {
            case Verdict.Wrong or Verdict.Certain:
                _normalSince = 0;
                if (IsOpen) return false;
                if (_wrongSince == 0) Begin(now);
                Count(finding);
                if (_clearedAt != 0 && time.GetElapsedTime(_clearedAt, now) < options.Cooldown) return false;
                bool lasted = time.GetElapsedTime(_wrongSince, now) >= options.RaiseAfter && _statements >= options.Statements;
                return IsOpen = lasted || finding.Verdict == Verdict.Certain;
            case Verdict.Normal when IsOpen:
                if (_normalSince == 0) _normalSince = now;
                if (time.GetElapsedTime(_normalSince, now) < options.ClearAfter) return false;
                (IsOpen, _wrongSince, _normalSince, _clearedAt) = (false, 0, 0, now);
                return true;
            default:
                _normalSince = 0;
                if (!IsOpen) _wrongSince = 0;
                return false;
        }
    }

    private void Begin(long now)
    {
        (_wrongSince, _statements, _lastStatement) = (now, 0, "");
        (Tier, Simulated) = (EvidenceTier.OperationalObservation, false);
        _evidence.Clear();
    }

    private void Count(Finding finding)
    {
        if (finding.Main is not { } main) return;
        Rest(finding.Beside);
        Rest(main);
        if (main.FrameId == _lastStatement) return;
        (_lastStatement, _statements) = (main.FrameId, _statements + 1);
    }

    private void Rest(TwinProperty? on)
    {
        if (on is null) return;
        if (on.Tier < Tier) Tier = on.Tier;
        Simulated |= on.Simulated;
        if (on.FrameId.Length == 0 || _evidence.Contains(on.FrameId)) return;
        if (_evidence.Count == AnomalyReport.MaxEvidence) _evidence.RemoveAt(0);
        _evidence.Add(on.FrameId);
    }
}
