namespace ClawMesh.Edge.Hardware.Parts.Kernel;

internal static class KernelParts
{
    public static readonly IReadOnlyList<Part> All = [];
}
