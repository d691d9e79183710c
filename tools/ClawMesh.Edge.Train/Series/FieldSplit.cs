using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Series;

/// <summary>A part of a series: slots from <paramref name="First"/> up to, not including, <paramref name="End"/>.</summary>
internal readonly record struct SeriesPart(int First, int End)
{
    /// <summary>Slots that may be the present of an example: its whole window and its whole horizon lie inside the part.</summary>
    public IEnumerable<int> Origins => Enumerable.Range(First + SoilWindow.Slots - 1, Math.Max(0, End - SoilSeries.HorizonSlots - First - SoilWindow.Slots + 1));
}

/// <summary>What one training learns from, and the weeks after it by which it is judged.</summary>
internal sealed record FieldFold(SeriesPart Train, SeriesPart Validation);

/// <summary>
/// The field data in order of time: 70 % to train, 15 % to choose, the last 15 % to test. Because two weeks of soil are one kind of weather,
/// choices rest on two earlier folds as well, which train on the first 40 and 55 %. Windows and targets stay inside their part, and the
/// end of each earlier part is left out for as long as a window and a horizon last, so that they are not even neighbours.
/// </summary>
/// <param name="Folds">Oldest first. The last one is the split proper: its net ships.</param>
internal sealed record FieldSplit(IReadOnlyList<FieldFold> Folds, SeriesPart Test)
{
    public const int GapSlots = SoilWindow.Slots - 1 + SoilSeries.HorizonSlots;

    private static readonly double[] Cuts = [0.40, 0.55, 0.70, 0.85];

    /// <summary>What every fold trains on; normalisation comes from here.</summary>
    public SeriesPart First => Folds[0].Train;

    public SeriesPart Validation => Folds[^1].Validation;

    public static FieldSplit Of(int length)
    {
        int[] cuts = [.. Cuts.Select(cut => (int)(length * cut))];
        return new FieldSplit(
            [.. Enumerable.Range(0, cuts.Length - 1).Select(k => new FieldFold(new SeriesPart(0, cuts[k] - GapSlots), new SeriesPart(cuts[k], cuts[k + 1] - GapSlots)))],
            new SeriesPart(cuts[^1], length));
    }
}
