using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Train.Series;

namespace ClawMesh.Edge.Train.Training;

/// <summary>Examples a training is judged by, and how wrong "as it is now" is on them.</summary>
internal sealed class LookSet(Examples examples, int[] chosen)
{
    public Examples Examples { get; } = examples;

    public int[] Chosen { get; } = chosen;

    /// <summary>RMSE of persistence, percent, by <see cref="Trainer.Hours"/>.</summary>
    public double[] Persistence { get; } =
        [.. Trainer.Hours.Select(hours => Math.Sqrt(chosen.Average(i => Math.Pow(examples.Truth(i, hours) - examples.Series(i).Moisture[examples.Slot(i)], 2))))];
}

/// <summary>One fold's examples of the field.</summary>
/// <param name="Dry">Those of the validation part in whose 24 hours nothing jumps; told, not judged by.</param>
internal sealed record FoldSet(Examples Train, LookSet Validation, LookSet Dry);

/// <summary>What a training sees: the field's folds and farms of other seeds. The field's last part is not in it.</summary>
internal sealed class TrainingSets
{
    public const int FarmSeeds = 24;

    // The look at the farm is at every eleventh of its moments.
    private const int FarmLookEvery = 11;

    public TrainingSets(SoilSeries field, FieldSplit split)
    {
        SoilSeries[] farm = [.. Enumerable.Range(1, FarmSeeds).SelectMany(seed => FarmRuns.Run((ulong)seed))];
        SoilSeries[] other = [.. Enumerable.Range(101, 3).SelectMany(seed => FarmRuns.Run((ulong)seed))];
        Fields = Normalisation.State(
            [.. Normalisation.RawStates(field, split.First.Origins)],
            [.. farm.SelectMany(one => Normalisation.RawStates(one, Origins(one).Where(slot => slot % 4 == 0)))]);
        Folds = [.. split.Folds.Select(fold => Fold(field, fold))];
        FarmTrain = new Examples(farm, Origins, Fields);
        FarmWatered = [.. Enumerable.Range(0, FarmTrain.Count).Where(i => FarmTrain.Series(i).Watered.AsSpan(FarmTrain.Slot(i) + 1, SoilSeries.StepSlots).ContainsAnyExcept(0f))];
        var farmLook = new Examples(other, Origins, Fields);
        FarmLook = new LookSet(farmLook, [.. Enumerable.Range(0, farmLook.Count).Where(i => i % FarmLookEvery == 0)]);
    }

    public ModelField[] Fields { get; }

    public FoldSet[] Folds { get; }

    public Examples FarmTrain { get; }

    /// <summary>Those of <see cref="FarmTrain"/> whose first hour is watered.</summary>
    public int[] FarmWatered { get; }

    public LookSet FarmLook { get; }

    /// <summary>Every slot with a whole window and a whole horizon.</summary>
    public static IEnumerable<int> Origins(SoilSeries series) => new SeriesPart(0, series.Length).Origins;

    private FoldSet Fold(SoilSeries field, FieldFold fold)
    {
        var later = new Examples([field], _ => fold.Validation.Origins, Fields);
        int[] all = [.. Enumerable.Range(0, later.Count)];
        return new FoldSet(new Examples([field], _ => fold.Train.Origins, Fields), new LookSet(later, all), new LookSet(later, [.. all.Where(i => !later.Jumps(i))]));
    }
}
