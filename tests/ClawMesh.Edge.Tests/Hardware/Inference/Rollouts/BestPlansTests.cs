using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

public sealed class BestPlansTests
{
    [Fact]
    public void What_is_kept_is_what_sorting_everything_would_keep()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            int wanted = 1 + random.Next(64);
            // Few different costs, so that there are ties, and some that are no numbers.
            (int Index, float Cost)[] all = [.. Enumerable.Range(0, random.Next(300)).Select(i => (i, random.Next(12) is 0 ? float.PositiveInfinity : random.Next(40)))];
            random.Shuffle(all);
            BestPlans first = new(64), second = new(64);
            first.Clear(wanted);
            second.Clear(wanted);

            foreach ((int index, float cost) in all) (index % 2 == 0 ? first : second).Offer(index, cost);
            first.Offer(second);

            (int, float)[] expected = [.. all.Where(c => float.IsFinite(c.Cost)).OrderBy(c => c.Cost).ThenBy(c => c.Index).Take(wanted)];
            Assert.Equal(expected, Enumerable.Range(0, first.Count).Select(i => first[i]));
        }
    }
}
