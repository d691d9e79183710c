using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>One engine was given up for the next.</summary>
public sealed record EngineFallback(string From, string To, EdgeException Why);

/// <summary>
/// Several engines, the fastest first. One that fails is left for the next and not tried again in this life; the last one, the
/// processor's, stays. A plan that no engine can make is the model's fault or the question's, and costs no engine its place.
/// </summary>
public sealed class FallbackRolloutEngine : IRolloutEngine
{
    private readonly IReadOnlyList<IRolloutEngine> _engines;
    private volatile int _current;

    public FallbackRolloutEngine(IReadOnlyList<IRolloutEngine> engines)
    {
        if (engines.Count == 0) throw new ArgumentException("at least one engine is needed");
        _engines = engines;
    }

    /// <summary>Raised on the thread of the plan; listeners must not block.</summary>
    public event Action<EngineFallback>? FellBack;

    public string Name => _engines[_current].Name;

    public string Device => _engines[_current].Device;

    public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem)
    {
        EdgeException? failed = null;
        for (int at = _current; ; at++)
        {
            try
            {
                IReadOnlyList<RolloutPlan> plans = _engines[at].Plan(problem);
                MoveTo(at, failed);
                return plans;
            }
            catch (EdgeException why) when (CanMoveOn(why, at))
            {
                failed = why;
                if (why.FailureClass == FailureClass.Gpu) MoveTo(at + 1, why);
            }
        }
    }

    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        EdgeException? failed = null;
        for (int at = _current; ; at++)
        {
            try
            {
                _engines[at].Roll(states, actions, steps, moisture);
                bool last = at + 1 == _engines.Count;
                if (last || AllFinite(moisture))
                {
                    if (AllFinite(moisture)) MoveTo(at, failed);
                    return;
                }

                failed = RolloutBounds.NotANumber(_engines[at].Name);
            }
            catch (EdgeException why) when (CanMoveOn(why, at))
            {
                failed = why;
                if (why.FailureClass == FailureClass.Gpu) MoveTo(at + 1, why);
            }
        }
    }

    public void Dispose()
    {
        foreach (IRolloutEngine engine in _engines) engine.Dispose();
    }

    private bool CanMoveOn(EdgeException why, int at) => why.FailureClass is FailureClass.Gpu or FailureClass.Model && at + 1 < _engines.Count;

    private void MoveTo(int at, EdgeException? why)
    {
        int from = _current;
        if (at == from || why is null) return;
        _current = at;
        FellBack?.Invoke(new EngineFallback(_engines[from].Name, _engines[at].Name, why));
    }

    private static bool AllFinite(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) return false;
        }

        return true;
    }
}
