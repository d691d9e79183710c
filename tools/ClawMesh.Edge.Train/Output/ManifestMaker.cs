using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.Train.Training;

namespace ClawMesh.Edge.Train.Output;

/// <summary>Writes down what the model is, so that a node needs to guess nothing.</summary>
internal static partial class ManifestMaker
{
    private const float Tolerance = 1e-4f;

    private const string Statement =
        "Trained on the simulated farm (drying, drainage, and what watering does) and on the first 70 % of 110 days of one probe in one garden (how moisture goes where nobody "
        + "recorded rain or irrigation). It was not shown a second field, another soil or season, frost, or real irrigation: on a real site, what it says about watering is the "
        + "simulated farm's beds of 6 square metres, 0.3 m deep.";

    public static ModelManifest Make(DynamicsNet net, IReadOnlyList<ModelField> fields, byte[] onnx, IReadOnlyList<ModelHorizon> horizons, ModelGolden golden) => new()
    {
        Schema = 1,
        Name = "soil-water",
        Version = "1",
        File = "soil-water.onnx",
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(onnx)),
        Inputs =
        [
            new ModelInput("state", [null, net.StateSize], fields),
            new ModelInput("actions", [null, SoilSeries.Steps, net.ActionSize], Normalisation.Action()),
        ],
        Outputs = [new ModelOutput("trajectory", [null, SoilSeries.Steps, net.StateSize], "%", horizons)],
        WindowMinutes = 24 * 60,
        StepMinutes = 60,
        Steps = SoilSeries.Steps,
        Training = new ModelTraining(Statement, [FieldCsv.Attribution, $"simulated farm, seeds 1 to {TrainingSets.FarmSeeds}, {FarmRuns.Days} days each, four zones"]),
        Golden = golden,
    };

    /// <summary>P10 and P90 are the residuals at those places among n + 1 (split conformal); the point forecast stands for the middle.</summary>
    public static IReadOnlyList<ModelHorizon> Horizons(IReadOnlyList<string> uses, double[][] sortedResiduals) =>
    [
        .. Trainer.Hours.Select((hours, h) => new ModelHorizon(hours * 60, uses[h],
        [
            new ModelQuantile(0.1, At(sortedResiduals[h], (int)Math.Floor(0.1 * (sortedResiduals[h].Length + 1)))),
            new ModelQuantile(0.5, 0),
            new ModelQuantile(0.9, At(sortedResiduals[h], (int)Math.Ceiling(0.9 * (sortedResiduals[h].Length + 1)))),
        ])),
    ];

    /// <summary>A bed that is watered for ten minutes in the third hour.</summary>
    public static ModelGolden Golden(DynamicsNet net, ReadOnlySpan<float> begin)
    {
        var rows = new float[SoilSeries.Steps * SoilAction.Size];
        ClawMesh.Edge.World.Forecasts.SoilFeatures.Actions(new DateTimeOffset(2025, 6, 1, 6, 0, 0, TimeSpan.Zero), SoilAction.NominalLitresPerMinute, wateringKnown: true, rows);
        CandidateSampler.Quarters(1 / 6f, rows.AsSpan(2 * SoilAction.Size));
        float[] state = begin.ToArray(), trajectory = new float[SoilSeries.Steps * SoilState.Size];
        for (int step = 0; step < SoilSeries.Steps; step++)
        {
            net.Step(state, rows.AsSpan(step * SoilAction.Size, SoilAction.Size));
            state.CopyTo(trajectory, step * SoilState.Size);
        }

        return new ModelGolden([begin.ToArray(), rows], [trajectory], Tolerance);
    }

    /// <summary>Lists of numbers on one line, all else indented.</summary>
    public static string Text(ModelManifest manifest)
    {
        string indented = JsonSerializer.Serialize(manifest, new ModelManifestJson(new JsonSerializerOptions(ModelManifestJson.Default.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).ModelManifest);
        return NumberList().Replace(indented, list => Space().Replace(list.Value, "").Replace(",", ", ", StringComparison.Ordinal)) + "\n";
    }

    private static double At(double[] sorted, int place) => Math.Round(sorted[Math.Clamp(place - 1, 0, sorted.Length - 1)], 4);

    [GeneratedRegex(@"\[[-\d.eE+,\snul]*\]")]
    private static partial Regex NumberList();

    [GeneratedRegex(@"\s")]
    private static partial Regex Space();
}
