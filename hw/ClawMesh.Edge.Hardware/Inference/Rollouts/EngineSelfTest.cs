using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Rollouts;

/// <summary>Puts one engine to the test: a small plan compared with <see cref="ScalarRollout"/>, then a larger one against the clock.</summary>
internal sealed class EngineSelfTest
{
    /// <summary>How far an engine may be from the definitions: of a normalised moisture, and of a cost in relation to it.</summary>
    public const float Tolerance = 1e-5f;

    private const int ComparedCandidates = 64;
    private const int TimedCandidates = 1_024;
    private const int TimedRuns = 3;
    private const int Steps = 24;

    private readonly DynamicsNet _net;
    private readonly TimeProvider _time;
    private readonly RolloutProblem _problem;
    private readonly RolloutPlan[] _expected;

    public EngineSelfTest(DynamicsNet net, TimeProvider time)
    {
        (_net, _time) = (net, time);
        _problem = Problem(net);
        _expected = ScalarRollout.All(net, _problem);
    }

    /// <summary>Never throws for what the engine does.</summary>
    /// <returns>The best of a few plans, or why the engine is not to be used.</returns>
    public (TimeSpan? Time, string? Reason) Try(IRolloutEngine engine)
    {
        try
        {
            if (Difference(_expected, engine.Plan(_problem), _problem) is { } difference) return (null, difference);
            RolloutProblem timed = _problem with { Candidates = TimedCandidates, Best = 4 };
            engine.Plan(timed);
            TimeSpan best = TimeSpan.MaxValue;
            for (int run = 0; run < TimedRuns; run++)
            {
                long start = _time.GetTimestamp();
                engine.Plan(timed);
                TimeSpan took = _time.GetElapsedTime(start);
                if (took < best) best = took;
            }

            return (best, null);
        }
        catch (EdgeException failed)
        {
            return (null, $"{failed.Code}: {failed.What} {failed.Why}");
        }
    }

    /// <param name="expected">All candidates, in their own places.</param>
    /// <returns>Null when <paramref name="plans"/> are the best of them.</returns>
    public static string? Difference(RolloutPlan[] expected, IReadOnlyList<RolloutPlan> plans, RolloutProblem problem)
    {
        float[] costs = new float[expected.Length];
        for (int i = 0; i < costs.Length; i++) costs[i] = expected[i].Cost;
        Array.Sort(costs);
        for (int rank = 0; rank < plans.Count; rank++)
        {
            RolloutPlan plan = plans[rank];
            if (plan.Index < 0 || plan.Index >= expected.Length) return Text($"there is no candidate {plan.Index}");
            RolloutPlan right = expected[plan.Index];
            if (!Near(plan.Cost, right.Cost)) return Text($"candidate {plan.Index} costs {plan.Cost:R} there and {right.Cost:R} by definition");
            if (!Near(plan.Cost, costs[rank])) return Text($"its plan {rank + 1} costs {plan.Cost:R}, and one for {costs[rank]:R} exists");
            if (!plan.Fractions.AsSpan().SequenceEqual(right.Fractions)) return Text($"candidate {plan.Index} is not drawn as defined");
            for (int step = 0; step < problem.Steps; step++)
            {
                if (!Near(Normalised(plan), Normalised(right))) return Text($"candidate {plan.Index} has {plan.MoisturePercent[step]:R} % after step {step + 1} there and {right.MoisturePercent[step]:R} % by definition");

                float Normalised(RolloutPlan of) => (of.MoisturePercent[step] - problem.MoistureOffset) / problem.MoistureScale;
            }
        }

        int finite = Array.FindIndex(costs, c => !float.IsFinite(c));
        int due = Math.Min(problem.Best, finite < 0 ? costs.Length : finite);
        return plans.Count == due ? null : Text($"it gives {plans.Count} plans; {due} are due");
    }

    // Also false for what is no number.
    private static bool Near(float value, float right) => MathF.Abs(value - right) <= Tolerance * MathF.Max(1, MathF.Abs(right));

    private static RolloutProblem Problem(DynamicsNet net)
    {
        float[] low = new float[Steps], high = new float[Steps];
        var allowed = new byte[Steps];
        Array.Fill(low, 28);
        Array.Fill(high, 33);
        Array.Fill(allowed, (byte)1, 4, Steps - 4);
        return new RolloutProblem
        {
            Steps = Steps, State = Numbers(net.StateSize, 1), Known = Numbers(Steps * net.ActionSize, 2), Allowed = allowed, LowPercent = low, HighPercent = high,
            MoistureScale = 5, MoistureOffset = 30, MaxFraction = 0.5f, LitresPerHour = 1_200, BudgetLitres = 3_000, Seed = 5, Candidates = ComparedCandidates, Best = 8,
            Given = new float[Steps],
        };
    }

    // Between -1 and 1, the same on every machine.
    private static float[] Numbers(int count, uint seed)
    {
        var numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (CandidateSampler.Uniform(seed, (uint)i, 0) * 2) - 1;
        return numbers;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
