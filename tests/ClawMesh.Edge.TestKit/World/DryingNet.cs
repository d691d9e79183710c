using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.TestKit.World;

/// <summary>A bed that loses the same each hour and gains in proportion to its watering; normalised moisture is (percent − 20) / 5.</summary>
public static class DryingNet
{
    public const float Scale = 5;
    public const float Offset = 20;

    /// <param name="gainPercent">Of a whole hour of watering.</param>
    public static DynamicsNet Of(float lossPercentPerHour, float gainPercent)
    {
        float[] first = new float[SoilState.Size + SoilAction.Size], last = new float[SoilState.Size], bias = new float[SoilState.Size];
        for (int quarter = 0; quarter < 4; quarter++) first[SoilState.Size + quarter] = 0.25f;
        last[SoilState.Moisture] = gainPercent / Scale;
        bias[SoilState.Moisture] = -lossPercentPerHour / Scale;
        return new DynamicsNet(SoilState.Size, SoilAction.Size, 1, first, [0], [1], [0], last, bias);
    }
}
