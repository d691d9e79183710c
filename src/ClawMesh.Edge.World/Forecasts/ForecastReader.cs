using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.World.Forecasts;

/// <summary>From what a model answered to what is told: percent moisture at each horizon of the manifest, with quantiles. Pure; thread-safe.</summary>
public static class ForecastReader
{
    /// <param name="moisture">[steps], state member 0 after each step, normalised.</param>
    /// <param name="currentPercent">Moisture now: the forecast wherever the manifest says <c>persistence</c>.</param>
    /// <exception cref="EdgeException"><c>model.not_a_number</c>: the answer holds something that is no number.</exception>
    public static IReadOnlyList<ForecastHorizon> Read(ReadOnlySpan<float> moisture, ModelManifest manifest, double currentPercent)
    {
        ModelField field = manifest.Inputs[0].Fields[SoilState.Moisture];
        IReadOnlyList<ModelHorizon> horizons = manifest.Outputs[0].Horizons;
        var read = new ForecastHorizon[horizons.Count];
        for (int i = 0; i < read.Length; i++)
        {
            ModelHorizon horizon = horizons[i];
            double point = horizon.Use == "persistence" ? currentPercent : SoilFeatures.Denormalise(moisture[(horizon.Minutes / manifest.StepMinutes) - 1], field);
            if (!double.IsFinite(point)) throw NoNumber(horizon.Minutes);

            double middle = Percent(point + Offset(horizon, 0.5));
            double low = Math.Min(Percent(point + Offset(horizon, 0.1)), middle);
            double high = Math.Max(Percent(point + Offset(horizon, 0.9)), middle);
            read[i] = new ForecastHorizon(horizon.Minutes, low, middle, high, horizon.Use);
        }

        return read;
    }

    /// <summary>The whole answer in percent, step by step: what the model says, without the manifest's choice by horizon.</summary>
    /// <param name="moisture">[steps], normalised.</param>
    /// <returns>[steps], percent, 0 to 100; NaN stays.</returns>
    public static float[] Hourly(ReadOnlySpan<float> moisture, ModelManifest manifest)
    {
        ModelField field = manifest.Inputs[0].Fields[SoilState.Moisture];
        var hourly = new float[moisture.Length];
        for (int step = 0; step < hourly.Length; step++) hourly[step] = (float)Percent(SoilFeatures.Denormalise(moisture[step], field));
        return hourly;
    }

    private static double Percent(double value) => Math.Clamp(value, 0, 100);

    private static double Offset(ModelHorizon horizon, double probability)
    {
        for (int i = 0; i < horizon.Quantiles.Count; i++)
        {
            if (Math.Abs(horizon.Quantiles[i].Probability - probability) < 1e-6) return horizon.Quantiles[i].Offset;
        }

        return 0;
    }

    private static EdgeException NoNumber(int minutes) =>
        new("model.not_a_number", "There is no forecast.", $"The model's answer for +{minutes} min is not a number; every answer must be one.", "Run 'model check' on the file; put the file of the release back.", FailureClass.Model);
}
