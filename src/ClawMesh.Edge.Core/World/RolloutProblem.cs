namespace ClawMesh.Edge.Core.World;

/// <summary>
/// One zone's question to a rollout engine: of <see cref="Candidates"/> ways to water over the horizon, which cost least? An engine
/// samples (<see cref="CandidateSampler"/>), rolls the net forward and adds up (<see cref="PlanCost"/>); engines agree within 1e-5.
/// </summary>
public sealed record RolloutProblem
{
    /// <summary>Steps of one hour.</summary>
    public required int Steps { get; init; }

    /// <summary>[StateSize], normalised, now.</summary>
    public required float[] State { get; init; }

    /// <summary>[Steps, ActionSize]: what is known of each step beforehand. Columns 0 to 3 are overwritten by the candidate's watering.</summary>
    public required float[] Known { get; init; }

    /// <summary>[Steps]: 1 where watering may happen, 0 in quiet hours.</summary>
    public required byte[] Allowed { get; init; }

    /// <summary>[Steps], percent moisture: the band, with the forecast's uncertainty already taken off both sides.</summary>
    public required float[] LowPercent { get; init; }

    public required float[] HighPercent { get; init; }

    /// <summary>Percent = normalised × scale + offset, of state member 0.</summary>
    public required float MoistureScale { get; init; }

    public required float MoistureOffset { get; init; }

    /// <summary>Largest part of an hour that may be watered, 0 to 1.</summary>
    public required float MaxFraction { get; init; }

    /// <summary>How many different lengths of watering are tried, evenly spaced up to <see cref="MaxFraction"/>.</summary>
    public int Levels { get; init; } = 8;

    /// <summary>Litres in one hour of open valve.</summary>
    public required float LitresPerHour { get; init; }

    /// <summary>Litres that may be used over the horizon.</summary>
    public required float BudgetLitres { get; init; }

    public PlanWeights Weights { get; init; } = new();

    public uint Seed { get; init; }

    public int Candidates { get; init; } = 4_096;

    /// <summary>[k, Steps] fractions tried as the first k candidates: doing nothing, the last plan shifted. May be empty.</summary>
    public float[] Given { get; init; } = [];

    /// <summary>How many of the best travel back.</summary>
    public int Best { get; init; } = 4;
}

/// <summary>What a plan is charged for. All non-negative.</summary>
public sealed record PlanWeights
{
    /// <summary>Per percent and hour outside the band.</summary>
    public float BandLinear { get; init; } = 1;

    /// <summary>Per percent squared and hour outside the band.</summary>
    public float BandSquared { get; init; } = 1;

    /// <summary>Per litre.</summary>
    public float Litre { get; init; } = 0.002f;

    /// <summary>Per watering: a valve and a pump that start.</summary>
    public float Start { get; init; } = 0.05f;

    /// <summary>Per litre squared above the budget.</summary>
    public float OverBudget { get; init; } = 1;
}

/// <summary>One candidate that was among the best.</summary>
/// <param name="Index">Its number among the candidates; equal costs go by it.</param>
/// <param name="Fractions">[Steps], part of each hour that is watered.</param>
/// <param name="MoisturePercent">[Steps], what the model expects at the end of each hour.</param>
public sealed record RolloutPlan(int Index, float Cost, float[] Fractions, float[] MoisturePercent);
