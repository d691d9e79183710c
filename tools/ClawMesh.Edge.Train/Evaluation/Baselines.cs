using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Evaluation;

/// <summary>What can be said of tomorrow without a model, from the window alone; percent.</summary>
internal static class Baselines
{
    private const int SixHours = 6 * SoilWindow.SlotsPerHour;

    public static double Persistence(SoilWindow window, int hours) => SoilFeatures.CurrentMoisture(window);

    /// <summary>The mean of the last six hours.</summary>
    public static double MovingAverage(SoilWindow window, int hours) => window.Moisture.AsSpan()[^SixHours..].ToArray().Average();

    /// <summary>The straight line that fits the last six hours best, continued.</summary>
    public static double LinearTrend(SoilWindow window, int hours)
    {
        double meanTime = 0, meanMoisture = 0, both = 0, times = 0;
        for (int back = 0; back <= SixHours; back++)
        {
            meanTime += -back / (SixHours + 1.0);
            meanMoisture += window.Moisture[^(1 + back)] / (SixHours + 1.0);
        }

        for (int back = 0; back <= SixHours; back++)
        {
            both += (-back - meanTime) * (window.Moisture[^(1 + back)] - meanMoisture);
            times += (-back - meanTime) * (-back - meanTime);
        }

        return meanMoisture + (both / times * ((hours * SoilWindow.SlotsPerHour) - meanTime));
    }
}
