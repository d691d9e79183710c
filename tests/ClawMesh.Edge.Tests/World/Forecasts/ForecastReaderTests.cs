using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.World.Forecasts;

public sealed class ForecastReaderTests
{
    private static readonly float[] Rising = [.. Enumerable.Range(1, 24).Select(hour => hour / 24f)];

    [Fact]
    public void Each_horizon_says_the_model_or_what_is_as_the_manifest_chose()
    {
        IReadOnlyList<ForecastHorizon> told = ForecastReader.Read(Rising, Manifest(-1, 0, 2, "model", "persistence"), currentPercent: 25);

        Assert.Equal([60, 1_440], told.Select(h => h.Minutes));
        Assert.Equal(["model", "persistence"], told.Select(h => h.Use));
        Assert.Equal(20 + (10.0 / 24), told[0].MiddlePercent, 1e-5);
        Assert.Equal(25, told[1].MiddlePercent);
        Assert.Equal((24, 27), (told[1].LowPercent, told[1].HighPercent));
    }

    [Fact]
    public void Quantiles_are_in_order_and_possible_whatever_model_and_manifest_say() => Prop.ForAll(
        Gen.Choose(-3_000, 3_000).Select(n => n / 100.0).Four().ToArbitrary(),
        Gen.Choose(-4_000, 4_000).Select(n => n / 100f).ToArbitrary(),
        (offsets, moisture) =>
        {
            (double low, double middle, double high, double current) = offsets;
            var trajectory = new float[24];
            Array.Fill(trajectory, moisture);
            foreach (ForecastHorizon told in ForecastReader.Read(trajectory, Manifest(low, middle, high, "model", "persistence"), Math.Abs(current)))
            {
                Assert.True(told.LowPercent <= told.MiddlePercent && told.MiddlePercent <= told.HighPercent, $"{told}");
                Assert.InRange(told.LowPercent, 0, 100);
                Assert.InRange(told.HighPercent, 0, 100);
            }
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void An_answer_that_is_no_number_is_no_forecast(float bad)
    {
        float[] trajectory = [.. Rising];
        trajectory[23] = bad;

        EdgeException fault = Assert.Throws<EdgeException>(() => ForecastReader.Read(trajectory, Manifest(-1, 0, 1, "model", "model"), 25));

        Assert.Equal("model.not_a_number", fault.Code);
        Assert.Equal(FailureClass.Model, fault.FailureClass);
        Assert.Contains("+1440 min", fault.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Hourly_moisture_is_in_percent()
    {
        float[] hourly = ForecastReader.Hourly([0, 1, -9, 99], Manifest(0, 0, 0, "model", "model"));

        Assert.Equal([20, 30, 0, 100], hourly);
    }

    private static ModelManifest Manifest(double low, double middle, double high, string first, string last) => new()
    {
        Schema = 1,
        Name = "soil-water",
        Version = "1",
        File = "soil-water.onnx",
        Sha256 = "",
        Inputs = [new ModelInput("state", [null, SoilState.Size], [.. Enumerable.Range(0, SoilState.Size).Select(i => new ModelField($"f{i}", "", 20, 10))])],
        Outputs = [new ModelOutput("trajectory", [null, 24, SoilState.Size], "%", [HorizonOf(60, first, low, middle, high), HorizonOf(1_440, last, low, middle, high)])],
        WindowMinutes = 1_440,
        StepMinutes = 60,
        Steps = 24,
        Training = new ModelTraining("", []),
        Golden = new ModelGolden([], [], 0),
    };

    private static ModelHorizon HorizonOf(int minutes, string use, double low, double middle, double high) =>
        new(minutes, use, [new ModelQuantile(0.1, low), new ModelQuantile(0.5, middle), new ModelQuantile(0.9, high)]);
}
