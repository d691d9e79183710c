using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

/// <summary>Nets and problems by seed, of the kind that a trained model and a real zone give.</summary>
internal static class RolloutCases
{
    public static DynamicsNet Net(int seed, int state = 16, int action = 8, int hidden = 64)
    {
        var random = new Random(seed);
        float inputs = 1.5f / MathF.Sqrt(state + action), hiddens = 1.5f / MathF.Sqrt(hidden);
        return new DynamicsNet(
            state, action, hidden,
            Numbers(random, (state + action) * hidden, inputs), Numbers(random, hidden, 0.2f),
            Numbers(random, hidden * hidden, hiddens), Numbers(random, hidden, 0.2f),
            Numbers(random, hidden * state, hiddens * 0.05f), Numbers(random, state, 0.01f));
    }

    public static RolloutProblem Problem(int seed, DynamicsNet net, int candidates = 300, int steps = 24)
    {
        var random = new Random(seed ^ 0x5EED);
        float[] low = new float[steps], high = new float[steps];
        var allowed = new byte[steps];
        for (int step = 0; step < steps; step++)
        {
            low[step] = 26 + (random.NextSingle() * 4);
            high[step] = low[step] + 2 + (random.NextSingle() * 8);
            allowed[step] = (byte)(random.Next(4) == 0 ? 0 : 1);
        }

        return new RolloutProblem
        {
            Steps = steps,
            State = Numbers(random, net.StateSize, 1.5f),
            Known = Numbers(random, steps * net.ActionSize, 1),
            Allowed = allowed,
            LowPercent = low,
            HighPercent = high,
            MoistureScale = 3 + (random.NextSingle() * 4),
            MoistureOffset = 25 + (random.NextSingle() * 10),
            MaxFraction = 0.25f + (random.NextSingle() * 0.75f),
            Levels = 1 + random.Next(12),
            LitresPerHour = 300 + (random.NextSingle() * 1_500),
            BudgetLitres = random.NextSingle() * 4_000,
            Weights = new PlanWeights { BandLinear = random.NextSingle() * 2, BandSquared = random.NextSingle() * 2, Litre = 0.002f, Start = 0.05f, OverBudget = 1e-6f },
            Seed = (uint)random.Next(),
            Candidates = candidates,
            Best = 1 + random.Next(8),
        };
    }

    public static float[] Numbers(Random random, int count, float size)
    {
        var numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = ((random.NextSingle() * 2) - 1) * size;
        return numbers;
    }
}
