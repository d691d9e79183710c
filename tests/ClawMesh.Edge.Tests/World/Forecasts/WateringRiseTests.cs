using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Tests.World.Forecasts;

public class WateringRiseTests
{
    [Fact]
    public void A_quarter_of_an_hour_of_water_is_told_per_minute_and_nothing_else_differs_between_the_two_futures()
    {
        var engine = new Bucket();
        float[] state = new float[SoilState.Size];
        state[SoilState.Moisture] = 0.25f;
        // Somebody left watering in the columns that are to be ignored.
        float[] known = new float[3 * SoilAction.Size];
        Array.Fill(known, 0.5f);

        float[] rise = WateringRise.PerMinute(engine, state, known, steps: 3, percentPerUnit: 30);

        // The bucket gains 0.5 units for a quarter at half flow and keeps nine tenths of it each hour.
        Assert.Equal([0.5f * 30 / 15, 0.45f * 30 / 15, 0.405f * 30 / 15], rise, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    /// <summary>Loses a tenth an hour, and gains what its first quarter brings.</summary>
    private sealed class Bucket : IRolloutEngine
    {
        public string Name => "bucket";

        public string Device => "none";

        public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem) => throw new NotSupportedException();

        public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
        {
            for (int n = 0; n < states.Length / SoilState.Size; n++)
            {
                float water = states[(n * SoilState.Size) + SoilState.Moisture];
                for (int step = 0; step < steps; step++)
                {
                    ReadOnlySpan<float> action = actions.Slice(((n * steps) + step) * SoilAction.Size, SoilAction.Size);
                    Assert.Equal(0, action[1] + action[2] + action[3]);
                    Assert.Equal(0.5f, action[SoilAction.SineOfDay]);
                    water = (water * 0.9f) + (action[SoilAction.FirstQuarter] * action[SoilAction.RelativeFlow]);
                    moisture[(n * steps) + step] = water;
                }
            }
        }

        public void Dispose() => GC.SuppressFinalize(this);
    }
}
