namespace ClawMesh.Edge.Hardware.Parts.Serial;

internal static class SerialParts
{
    public static readonly IReadOnlyList<Part> All = [];
}
