namespace ClawMesh.Edge.Hardware.Parts.Expanders;

internal static class ExpanderParts
{
    private static readonly string[] Addresses = ["0x20", "0x21", "0x22", "0x23", "0x24", "0x25", "0x26", "0x27"];

    // Table 3-1, IOCON.BANK = 0: OLATA 0x14, IODIRA 0x00.
    private static readonly ExpanderModel Mcp23017 = new("mcp23017", "MCP23017", 16, Latch: 0x14, Direction: 0x00) { HasBanks = true };

    // Table 4, command byte: output ports 2 and 3, configuration 6 and 7.
    private static readonly ExpanderModel Pca9555 = new("pca9555", "PCA9555", 16, Latch: 0x02, Direction: 0x06);

    // Table 4, command byte: output port 1, configuration 3. The PCA9534A is the same part at other addresses.
    private static readonly ExpanderModel Pca9534 = new("pca9534", "PCA9534", 8, Latch: 0x01, Direction: 0x03);

    public static readonly IReadOnlyList<Part> All =
    [
        ExpanderOutput.PartOf(Mcp23017, "Microchip MCP23017, 16 outputs", "Microchip DS20001952C", Addresses),
        ExpanderOutput.PartOf(Pca9555, "NXP PCA9555, 16 outputs", "NXP PCA9555 rev. 10", Addresses),
        ExpanderOutput.PartOf(Pca9534, "NXP PCA9534 and PCA9534A, 8 outputs", "NXP PCA9534 rev. 3", [.. Addresses, "0x38", "0x39", "0x3a", "0x3b", "0x3c", "0x3d", "0x3e", "0x3f"]),
        Pca9685Output.Part,
    ];
}
