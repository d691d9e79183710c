using ClawMesh.Edge.Hardware.Parts.Expanders;
using ClawMesh.Edge.Hardware.Parts.Gpio;
using ClawMesh.Edge.Hardware.Parts.I2c;
using ClawMesh.Edge.Hardware.Parts.Kernel;
using ClawMesh.Edge.Hardware.Parts.Serial;
using ClawMesh.Edge.Hardware.Parts.Spi;

namespace ClawMesh.Edge.Hardware.Parts;

/// <summary>Every part this build can drive.</summary>
public static class PartCatalog
{
    public static IReadOnlyList<Part> All { get; } = [.. GpioParts.All, .. I2cParts.All, .. ExpanderParts.All, .. SpiParts.All, .. SerialParts.All, .. KernelParts.All];

    public static Part? Find(string driver) => All.FirstOrDefault(p => p.Driver == driver);
}
