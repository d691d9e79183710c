namespace ClawMesh.Edge.Hardware.Parts.Spi;

internal static class SpiParts
{
    public static readonly IReadOnlyList<Part> All = [Mcp3008.Part];
}
