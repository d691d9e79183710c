namespace ClawMesh.Edge.Hardware.Parts.Expanders;

internal static class ExpanderParts
{
    public static readonly IReadOnlyList<Part> All = [];
}
