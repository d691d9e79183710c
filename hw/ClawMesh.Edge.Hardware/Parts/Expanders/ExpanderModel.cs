namespace ClawMesh.Edge.Hardware.Parts.Expanders;

/// <summary>Where an expander has its registers; each port of eight pins has the next one.</summary>
/// <param name="Latch">Output latch of port 0: what the pins of that port drive when they are outputs.</param>
/// <param name="Direction">Direction of port 0: 1 is input, as after power-on.</param>
internal sealed record ExpanderModel(string Driver, string Chip, int Pins, byte Latch, byte Direction)
{
    /// <summary>The part has two arrangements of its registers; <see cref="ExpanderChip"/> restores the usual one.</summary>
    public bool HasBanks { get; init; }
}
