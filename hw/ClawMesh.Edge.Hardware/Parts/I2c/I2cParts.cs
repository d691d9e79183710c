namespace ClawMesh.Edge.Hardware.Parts.I2c;

internal static class I2cParts
{
    public static readonly IReadOnlyList<Part> All = [Ads1115.Part, Bme280.Part, Sht3x.Part, Ina219.Part, Ina226.Part, Ina3221.Part, Veml7700.Part, Bh1750.Part];
}
