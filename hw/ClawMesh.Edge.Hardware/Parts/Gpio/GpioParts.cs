namespace ClawMesh.Edge.Hardware.Parts.Gpio;

internal static class GpioParts
{
    public static readonly IReadOnlyList<Part> All = [];
}
