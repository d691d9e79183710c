using System.Diagnostics;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Onnx;
using ClawMesh.Edge.Train.Evaluation;
using ClawMesh.Edge.Train.Output;
using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.Train.Training;

namespace ClawMesh.Edge.Train;

/// <summary>From the data to the files that ship.</summary>
internal static class SoilWaterTraining
{
    public static void Ship(string file, string repository)
    {
        var clock = Stopwatch.StartNew();
        SoilSeries field = FieldCsv.Read(file);
        FieldSplit split = FieldSplit.Of(field.Length);
        var sets = new TrainingSets(field, split);
        var plan = new TrainingPlan();
        DynamicsNet[] nets = new Trainer(plan, sets, Tell(clock)).Train();
        Write(nets, plan, sets, field, split, repository);
        Console.WriteLine(FormattableString.Invariant($"done in {clock.Elapsed.TotalSeconds:0} s"));
    }

    public static void Try(string file, ReadOnlySpan<string> trials)
    {
        SoilSeries field = FieldCsv.Read(file);
        var sets = new TrainingSets(field, FieldSplit.Of(field.Length));
        foreach (string trial in trials)
        {
            var plan = new TrainingPlan();
            foreach (string[] setting in trial.Split(',').Select(part => part.Split('='))) plan = plan.With(setting[0], setting[1]);
            Console.WriteLine(trial);
            new Trainer(plan, sets, Tell(Stopwatch.StartNew())).Train();
        }
    }

    private static void Write(DynamicsNet[] nets, TrainingPlan plan, TrainingSets sets, SoilSeries field, FieldSplit split, string repository)
    {
        DynamicsNet net = nets[^1];
        Judged[] folds = [.. nets.Select((one, i) => new Judged(one, split.Folds[i].Validation))];
        string models = Path.Combine(repository, "hw", "models");
        Directory.CreateDirectory(models);
        byte[] onnx = OnnxWriter.Dynamics(net, SoilSeries.Steps);
        File.WriteAllBytes(Path.Combine(models, "soil-water.onnx"), onnx);
        using (var stream = new MemoryStream())
        {
            net.Save(stream);
            File.WriteAllBytes(Path.Combine(models, "soil-water.net"), stream.ToArray());
        }

        ModelManifest manifest = Manifest(net, folds, onnx, sets, field);
        File.WriteAllText(Path.Combine(models, "soil-water.model.json"), ManifestMaker.Text(manifest));

        SoilSeries[] farm = FarmScores.HeldOut();
        string page = WorldModelPage.Text(
            manifest,
            plan,
            FieldScores.Of(folds, manifest, field),
            FieldScores.Of([folds[^1]], manifest, field),
            FieldScores.Of([new Judged(net, split.Test)], manifest, field),
            FieldScores.Of([new Judged(net, split.Test)], manifest, field, withoutJumps: true),
            FarmScores.Of(net, manifest, farm),
            FarmScores.Gains(net, manifest, farm),
            (int)new FileInfo(Path.Combine(models, "soil-water.net")).Length);
        File.WriteAllText(Path.Combine(repository, "docs", "world-model.md"), page);
    }

    // Horizons and quantiles from the weeks after each fold.
    private static ModelManifest Manifest(DynamicsNet net, IReadOnlyList<Judged> folds, byte[] onnx, TrainingSets sets, SoilSeries field)
    {
        string[] model = [.. Trainer.Hours.Select(_ => "model")];
        ModelGolden golden = ManifestMaker.Golden(net, sets.FarmLook.Examples.State(0));
        ModelManifest first = ManifestMaker.Make(net, sets.Fields, onnx, ManifestMaker.Horizons(model, FieldScores.Residuals(folds, sets.Fields, model, field)), golden);
        FieldScores validation = FieldScores.Of(folds, first, field);
        string[] uses = [.. Trainer.Hours.Select((_, h) => validation.Model.Rmse[h] < validation.Persistence.Rmse[h] ? "model" : "persistence")];
        return ManifestMaker.Make(net, sets.Fields, onnx, ManifestMaker.Horizons(uses, FieldScores.Residuals(folds, sets.Fields, uses, field)), golden);
    }

    private static Action<string> Tell(Stopwatch clock) => line => Console.WriteLine(FormattableString.Invariant($"{clock.Elapsed.TotalSeconds,5:0} s  {line}"));
}
