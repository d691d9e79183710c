using ClawMesh.Edge.Train.Series;
using ClawMesh.Edge.World.Forecasts;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Tools;

public sealed class FieldSplitTests
{
    [Fact]
    public void No_window_or_target_of_one_part_meets_one_of_another_and_two_days_lie_between() => Prop.ForAll(
        Gen.Choose(4_000, 50_000).ToArbitrary(),
        length =>
        {
            FieldSplit split = FieldSplit.Of(length);
            (int First, int Last) test = Touched(split.Test);
            Assert.Equal(length - 1, test.Last);
            foreach (FieldFold fold in split.Folds)
            {
                (int First, int Last) train = Touched(fold.Train), validation = Touched(fold.Validation);
                Assert.Equal(0, train.First);
                Assert.True(validation.First - train.Last > 2 * 96, $"a training ends at {train.Last}, its validation begins at {validation.First}");
                Assert.True(test.First - validation.Last > 2 * 96, $"a validation ends at {validation.Last}, test begins at {test.First}");
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_test_part_is_the_last_15_percent_and_every_moment_of_it_is_used()
    {
        FieldSplit split = FieldSplit.Of(10_656);

        Assert.Equal(new SeriesPart(9_057, 10_656), split.Test);
        int[] origins = [.. split.Test.Origins];
        Assert.Equal(10_656 - 9_057 - 96 - 96, origins.Length);
        Assert.Equal((9_057 + 96, 10_656 - 97), (origins[0], origins[^1]));
    }

    // Everything that the examples of a part look at: windows backwards, targets forwards.
    private static (int First, int Last) Touched(SeriesPart part)
    {
        int[] origins = [.. part.Origins];
        return (origins.Min() - SoilWindow.Slots + 1, origins.Max() + SoilSeries.HorizonSlots);
    }
}
