using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.Train.Training;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Evaluation;

/// <summary>Errors of one way to forecast, percent moisture, by <see cref="Trainer.Hours"/>.</summary>
internal sealed record MethodScore(string Method, double[] Rmse, double[] Mae);

/// <summary>How often the truth lay where the quantiles said, ratios by <see cref="Trainer.Hours"/>.</summary>
internal sealed record Coverage(double[] BelowLow, double[] BelowMiddle, double[] BelowHigh, double[] Inside, double[] WidthPercent);

/// <summary>A net and the part of the field it is judged by.</summary>
internal sealed record Judged(DynamicsNet Net, SeriesPart Part);

/// <summary>Every method on the same windows of the field data.</summary>
internal sealed record FieldScores(int Windows, IReadOnlyList<MethodScore> Methods, Coverage Coverage)
{
    public MethodScore Model => Methods[0];

    public MethodScore Persistence => Methods[2];

    /// <param name="withoutJumps">Only windows in whose 24 hours moisture does not jump up: neither rain nor irrigation.</param>
    public static FieldScores Of(IReadOnlyList<Judged> judged, ModelManifest manifest, SoilSeries field, bool withoutJumps = false)
    {
        ModelField moisture = manifest.Inputs[0].Fields[SoilState.Moisture];
        var errors = new Errors[5];
        for (int i = 0; i < errors.Length; i++) errors[i] = new Errors();
        var coverage = new CoverageCount();
        var window = new SoilWindow();
        int windows = 0;
        foreach (Judged one in judged)
        {
            var examples = new Examples([field], _ => one.Part.Origins, manifest.Inputs[0].Fields);
            for (int example = 0; example < examples.Count; example++)
            {
                if (withoutJumps && examples.Jumps(example)) continue;
                windows++;
                float[] trajectory = Rollouts.Of(one.Net, examples, example);
                field.Window(examples.Slot(example), window);
                IReadOnlyList<ForecastHorizon> told = ForecastReader.Read(trajectory, manifest, SoilFeatures.CurrentMoisture(window));
                for (int h = 0; h < Trainer.Hours.Length; h++)
                {
                    int hours = Trainer.Hours[h];
                    double truth = examples.Truth(example, hours);
                    errors[0].Add(h, SoilFeatures.Denormalise(trajectory[hours - 1], moisture) - truth);
                    errors[1].Add(h, told[h].MiddlePercent - truth);
                    errors[2].Add(h, Baselines.Persistence(window, hours) - truth);
                    errors[3].Add(h, Baselines.MovingAverage(window, hours) - truth);
                    errors[4].Add(h, Baselines.LinearTrend(window, hours) - truth);
                    coverage.Add(h, told[h], truth);
                }
            }
        }

        string[] names = ["model", "manifest's choice", "persistence", "moving average 6 h", "linear trend 6 h"];
        return new FieldScores(windows, [.. names.Select((name, i) => errors[i].Score(name, windows))], coverage.Of(windows));
    }

    /// <summary>Truth minus point forecast, sorted, by horizon: what the quantiles are made of.</summary>
    public static double[][] Residuals(IReadOnlyList<Judged> judged, IReadOnlyList<ModelField> fields, IReadOnlyList<string> uses, SoilSeries field)
    {
        List<double>[] residuals = [.. Trainer.Hours.Select(_ => new List<double>())];
        foreach (Judged one in judged)
        {
            var examples = new Examples([field], _ => one.Part.Origins, fields);
            for (int example = 0; example < examples.Count; example++)
            {
                float[] trajectory = Rollouts.Of(one.Net, examples, example);
                for (int h = 0; h < residuals.Length; h++)
                {
                    double point = uses[h] == "persistence" ? field.Moisture[examples.Slot(example)] : SoilFeatures.Denormalise(trajectory[Trainer.Hours[h] - 1], fields[SoilState.Moisture]);
                    residuals[h].Add(examples.Truth(example, Trainer.Hours[h]) - point);
                }
            }
        }

        return [.. residuals.Select(one => one.Order().ToArray())];
    }

    private sealed class Errors
    {
        private readonly double[] _squares = new double[Trainer.Hours.Length];
        private readonly double[] _sizes = new double[Trainer.Hours.Length];

        public void Add(int horizon, double error)
        {
            _squares[horizon] += error * error;
            _sizes[horizon] += Math.Abs(error);
        }

        public MethodScore Score(string name, int count) => new(name, [.. _squares.Select(s => Math.Sqrt(s / count))], [.. _sizes.Select(s => s / count)]);
    }

    private sealed class CoverageCount
    {
        private readonly double[][] _sums = [new double[4], new double[4], new double[4], new double[4], new double[4]];

        public void Add(int horizon, ForecastHorizon told, double truth)
        {
            if (truth < told.LowPercent) _sums[0][horizon]++;
            if (truth < told.MiddlePercent) _sums[1][horizon]++;
            if (truth < told.HighPercent) _sums[2][horizon]++;
            if (truth >= told.LowPercent && truth <= told.HighPercent) _sums[3][horizon]++;
            _sums[4][horizon] += told.HighPercent - told.LowPercent;
        }

        public Coverage Of(int count)
        {
            double[][] means = [.. _sums.Select(sum => sum.Select(s => s / count).ToArray())];
            return new Coverage(means[0], means[1], means[2], means[3], means[4]);
        }
    }
}
