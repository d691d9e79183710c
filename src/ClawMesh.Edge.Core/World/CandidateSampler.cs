namespace ClawMesh.Edge.Core.World;

/// <summary>
/// Which watering candidate number n is, from the seed alone and without any state, so that a GPU's threads and this code draw the same.
/// Integer arithmetic wraps; a uniform number is the upper 24 bits of a word times 2^-24, exact in a float. Thread-safe.
/// </summary>
public static class CandidateSampler
{
    // A candidate waters in about one of 24, 12, 6 or 3 hours.
    private static readonly float[] Densities = [1f / 24, 1f / 12, 1f / 6, 1f / 3];

    /// <summary>The 32-bit finaliser of MurmurHash3 over three words mixed by odd constants.</summary>
    public static uint Word(uint seed, uint candidate, uint draw)
    {
        uint x = seed + (candidate * 0x9E3779B1u) + (draw * 0x85EBCA77u);
        x ^= x >> 16;
        x *= 0x85EBCA6Bu;
        x ^= x >> 13;
        x *= 0xC2B2AE35u;
        x ^= x >> 16;
        return x;
    }

    public static float Uniform(uint seed, uint candidate, uint draw) => (Word(seed, candidate, draw) >> 8) * (1f / 16_777_216);

    /// <param name="fractions">[Steps], filled with the part of each hour that is watered.</param>
    public static void Fill(RolloutProblem problem, int candidate, Span<float> fractions)
    {
        int given = problem.Given.Length / problem.Steps;
        if (candidate < given)
        {
            problem.Given.AsSpan(candidate * problem.Steps, problem.Steps).CopyTo(fractions);
            return;
        }

        float density = Densities[Word(problem.Seed, (uint)candidate, uint.MaxValue) >> 30];
        for (int step = 0; step < problem.Steps; step++)
        {
            bool waters = problem.Allowed[step] != 0 && Uniform(problem.Seed, (uint)candidate, (uint)step * 2) < density;
            int level = 1 + (int)(Uniform(problem.Seed, (uint)candidate, ((uint)step * 2) + 1) * problem.Levels);
            fractions[step] = waters ? level * problem.MaxFraction / problem.Levels : 0;
        }
    }

    /// <summary>The four columns of an action row for one hour: watering begins with the hour, a quarter after the other.</summary>
    public static void Quarters(float fraction, Span<float> row)
    {
        for (int quarter = 0; quarter < 4; quarter++) row[quarter] = Math.Clamp((fraction * 4) - quarter, 0, 1);
    }
}
