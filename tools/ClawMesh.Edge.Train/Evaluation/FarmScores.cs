using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.Train.Training;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Evaluation;

/// <summary>RMSE on simulated farms the model never saw, percent, by <see cref="Trainer.Hours"/>.</summary>
/// <param name="Kind">Which windows.</param>
/// <param name="Inside">How often the truth lay between the manifest's low and high.</param>
internal sealed record FarmScore(string Kind, int Windows, double[] Model, double[] Persistence, double[] Inside);

/// <summary>What one watering in the first hour adds after one hour and after 24, against litres over 18; a mean over windows, percent.</summary>
internal sealed record WateringGain(double Minutes, double LitresPerMinute, double Expected, double AfterOneHour, double ErrorOneHour, double AfterOneDay);

/// <summary>The model on the simulated farm.</summary>
internal static class FarmScores
{
    public const int FirstSeed = 201;
    public const int Seeds = 6;

    /// <summary>6 m² of bed, 0.3 m deep: one percent is 18 litres.</summary>
    public const double LitresPerPercent = 18;

    private const int Every = 7;

    public static SoilSeries[] HeldOut(int seeds = Seeds) => [.. Enumerable.Range(FirstSeed, seeds).SelectMany(seed => FarmRuns.Run((ulong)seed))];

    public static IReadOnlyList<FarmScore> Of(DynamicsNet net, ModelManifest manifest, IReadOnlyList<SoilSeries> farm)
    {
        var examples = new Examples(farm, one => TrainingSets.Origins(one).Where(slot => slot % Every == 0), manifest.Inputs[0].Fields);
        ILookup<bool, int> kinds = Enumerable.Range(0, examples.Count).ToLookup(i => Waters(examples, i));
        return [Score("no watering in the 24 h", net, manifest, examples, [.. kinds[false]]), Score("watering in the 24 h", net, manifest, examples, [.. kinds[true]])];
    }

    public static IReadOnlyList<WateringGain> Gains(DynamicsNet net, ModelManifest manifest, IReadOnlyList<SoilSeries> farm)
    {
        var examples = new Examples(farm, one => TrainingSets.Origins(one).Where(slot => slot % 29 == 0), manifest.Inputs[0].Fields);

        // Where the water neither overflows nor drains: the bed stays below 34 %.
        return [.. new[] { (5.0, 20.0), (10, 12), (10, 20), (10, 28), (20, 12), (20, 20) }.Select(w => Gain(net, manifest, examples, w.Item1, w.Item2))];
    }

    private static WateringGain Gain(DynamicsNet net, ModelManifest manifest, Examples examples, double minutes, double litresPerMinute)
    {
        double expected = minutes * litresPerMinute / LitresPerPercent, one = 0, day = 0, squares = 0;
        double scale = manifest.Inputs[0].Fields[SoilState.Moisture].Deviation;
        var rows = new float[SoilSeries.Steps * SoilAction.Size];
        int count = 0;
        for (int example = 0; example < examples.Count; example++)
        {
            SoilSeries series = examples.Series(example);
            if (series.Truth[examples.Slot(example)] + expected > 33) continue;
            for (int step = 0; step < SoilSeries.Steps; step++)
                SoilFeatures.Action(series.HourOf(examples.Slot(example)) + step, litresPerMinute, wateringKnown: true, rows.AsSpan(step * SoilAction.Size, SoilAction.Size));
            float[] dry = Rollouts.Of(net, examples.State(example), rows);
            CandidateSampler.Quarters((float)(minutes / 60), rows);
            float[] wet = Rollouts.Of(net, examples.State(example), rows);
            double gain = (wet[0] - dry[0]) * scale;
            one += gain;
            squares += (gain - expected) * (gain - expected);
            day += (wet[^1] - dry[^1]) * scale;
            count++;
        }

        return new WateringGain(minutes, litresPerMinute, expected, one / count, Math.Sqrt(squares / count), day / count);
    }

    private static FarmScore Score(string kind, DynamicsNet net, ModelManifest manifest, Examples examples, int[] chosen)
    {
        double[] model = new double[4], persistence = new double[4], inside = new double[4];
        foreach (int example in chosen)
        {
            float[] trajectory = Rollouts.Of(net, examples, example);
            double now = examples.Series(example).Moisture[examples.Slot(example)];
            IReadOnlyList<ForecastHorizon> told = ForecastReader.Read(trajectory, manifest, now);
            for (int h = 0; h < model.Length; h++)
            {
                double truth = examples.Truth(example, Trainer.Hours[h]);
                model[h] += Math.Pow(SoilFeatures.Denormalise(trajectory[Trainer.Hours[h] - 1], manifest.Inputs[0].Fields[SoilState.Moisture]) - truth, 2);
                persistence[h] += Math.Pow(now - truth, 2);
                if (truth >= told[h].LowPercent && truth <= told[h].HighPercent) inside[h]++;
            }
        }

        return new FarmScore(kind, chosen.Length, Root(model, chosen.Length), Root(persistence, chosen.Length), [.. inside.Select(i => i / chosen.Length)]);
    }

    private static double[] Root(double[] squares, int count) => [.. squares.Select(s => Math.Sqrt(s / count))];

    private static bool Waters(Examples examples, int example)
    {
        int slot = examples.Slot(example);
        return examples.Series(example).Watered.AsSpan(slot + 1, SoilSeries.HorizonSlots).ContainsAnyExcept(0f);
    }
}
