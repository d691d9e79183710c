namespace ClawMesh.Edge.Core.World;

/// <summary>What one rolled-out candidate costs. Floats throughout, summed in the order of the steps, so that engines agree. Thread-safe.</summary>
public static class PlanCost
{
    /// <param name="moisturePercent">[Steps], at the end of each hour.</param>
    /// <returns>Infinity when the model did not answer with numbers.</returns>
    public static float Of(RolloutProblem problem, ReadOnlySpan<float> fractions, ReadOnlySpan<float> moisturePercent)
    {
        PlanWeights weights = problem.Weights;
        float cost = 0, litres = 0;
        for (int step = 0; step < problem.Steps; step++)
        {
            float outside = MathF.Max(problem.LowPercent[step] - moisturePercent[step], 0) + MathF.Max(moisturePercent[step] - problem.HighPercent[step], 0);
            cost += (weights.BandLinear * outside) + (weights.BandSquared * outside * outside);
            if (fractions[step] <= 0) continue;
            litres += fractions[step] * problem.LitresPerHour;
            cost += weights.Start;
        }

        float over = MathF.Max(litres - problem.BudgetLitres, 0);
        cost += (weights.Litre * litres) + (weights.OverBudget * over * over);
        return float.IsNaN(cost) ? float.PositiveInfinity : cost;
    }
}
