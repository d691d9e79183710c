using System.Globalization;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Evaluation;
using ClawMesh.Edge.Train.Series;

namespace ClawMesh.Edge.Train.Training;

/// <summary>
/// First the farm, one step ahead and then six: what watering does, how a bed dries. From there each fold goes on with farm and field over all
/// 24 hours, with the gradient through every step, as a running average of the weights. All folds stop at the same batch: where their errors
/// on the weeks after are least in the mean. One thread, fixed seeds: the same data give the same nets.
/// </summary>
internal sealed class Trainer(TrainingPlan plan, TrainingSets sets, Action<string> tell)
{
    public static readonly int[] Hours = [1, 6, 12, 24];

    private static readonly NetShape Shape = new(SoilState.Size, SoilAction.Size, 64);

    private readonly Batch _batch = new(Shape, SoilSeries.Steps, plan.BatchSize);
    private readonly BatchNet _net = new(Shape, SoilSeries.Steps, plan.BatchSize);
    private readonly float[] _gradient = new float[Shape.Parameters];

    /// <summary>One net per fold; the last is the one that ships.</summary>
    public DynamicsNet[] Train()
    {
        float[] start = Farm();
        Stage[][] stages = [.. sets.Folds.Select((fold, i) => Field(start, fold, i + 1))];
        int best = Enumerable.Range(0, stages[0].Length).MinBy(stage => stages.Average(fold => fold[stage].Score));
        for (int stage = 0; stage < stages[0].Length; stage++)
            tell(FormattableString.Invariant($"stage {stage + 1}: {stages.Average(fold => fold[stage].Score):0.0000} in the mean of folds{(stage == best ? ", the least" : "")}"));
        return [.. stages.Select(fold => Shape.Net(fold[best].Parameters))];
    }

    private float[] Farm()
    {
        float[] parameters = Shape.Initial(plan.Seed);
        var batches = new BatchMaker(null, sets, plan, plan.Seed);
        var adam = new Adam(Shape.Parameters, plan.Decay);
        int all = plan.OneStepBatches + plan.ShortBatches;
        for (int i = 0; i < all; i++) Learn(parameters, batches, adam, i < plan.OneStepBatches ? 1 : 6, Falling(plan.Rate, i, all));
        tell($"after the farm alone: farm {Look(parameters, sets.FarmLook).Text}");
        return parameters;
    }

    private Stage[] Field(float[] start, FoldSet fold, int number)
    {
        float[] parameters = [.. start], average = [.. start];
        var batches = new BatchMaker(fold.Train, sets, plan, plan.Seed + (ulong)number);
        var adam = new Adam(Shape.Parameters, plan.Decay);
        var stages = new List<Stage>();
        for (int i = 0; i < plan.LongBatches; i++)
        {
            Learn(parameters, batches, adam, SoilSeries.Steps, Falling(plan.LongRate, i, plan.LongBatches));
            for (int k = 0; k < average.Length; k++) average[k] += (1 - plan.Average) * (parameters[k] - average[k]);
            if ((i + 1) % plan.LookEvery != 0) continue;

            (string all, double score) = Look(average, fold.Validation);
            (string farm, double onFarm) = Look(average, sets.FarmLook);
            tell($"fold {number}, batch {i + 1}: field {all}  without jumps {Look(average, fold.Dry).Text}  farm {farm}");
            stages.Add(new Stage([.. average], score + onFarm));
        }

        return [.. stages];
    }

    private void Learn(float[] parameters, BatchMaker batches, Adam adam, int unroll, float rate)
    {
        batches.Next(_batch);
        Array.Clear(_gradient);
        _net.Forward(parameters, _batch, unroll);
        _net.Backward(parameters, _batch, unroll, _gradient);
        adam.Step(parameters, _gradient, rate);
    }

    // Along half a cosine.
    private static float Falling(float rate, int batch, int batches) => (float)(rate * (0.02 + (0.98 * (0.5 + (0.5 * Math.Cos(Math.PI * batch / batches))))));

    // Errors in parts of persistence's, averaged over horizons.
    private (string Text, double Score) Look(float[] parameters, LookSet look)
    {
        double[] errors = Rollouts.Errors(_net, _batch, parameters, look.Examples, look.Chosen, sets.Fields[SoilState.Moisture], Hours);
        double score = errors.Select((e, h) => e / look.Persistence[h]).Average();
        return (string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', errors.Select(e => e.ToString("0.000", CultureInfo.InvariantCulture)))} ({score:0.000})"), score);
    }

    private sealed record Stage(float[] Parameters, double Score);
}
