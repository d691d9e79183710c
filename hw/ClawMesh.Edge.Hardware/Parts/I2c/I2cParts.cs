namespace ClawMesh.Edge.Hardware.Parts.I2c;

internal static class I2cParts
{
    public static readonly IReadOnlyList<Part> All = [];
}
