namespace ClawMesh.Edge.Hardware.Parts;

/// <summary>The keys every part of a bus has, whatever the part. GPIO and PWM name pins, which the site reader looks up in the board.</summary>
public static class BusKeys
{
    public const string Bus = "bus";
    public const string Device = "device";
    public const string Port = "port";
    public const string Baud = "baud";
    public const string Parity = "parity";
    public const string StopBits = "stopBits";
    public const string Station = "station";
    public const string SerialNumber = "serial";
    public const string PwmChip = "pwmChip";
    public const string PwmChannel = "pwmChannel";

    private static readonly IReadOnlyList<PartKey> I2cKeys = [new(Bus, PartKeyKind.Text, "an I2C bus of the board, or i2c-N") { Required = true }];

    private static readonly IReadOnlyList<PartKey> SpiKeys = [new(Device, PartKeyKind.Text, "an SPI bus of the board, or spidevB.C") { Required = true }];

    private static readonly IReadOnlyList<PartKey> SerialKeys =
    [
        new(Port, PartKeyKind.Text, "a serial port of the board, or the name of a tty") { Required = true },
        new(Baud, PartKeyKind.Word, "bits a second") { Words = ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"], Default = "9600" },
        new(Parity, PartKeyKind.Word, "the parity bit") { Words = ["none", "even", "odd"], Default = "none" },
        new(StopBits, PartKeyKind.Whole, "stop bits") { Min = 1, Max = 2, Default = "1" },
        new(Station, PartKeyKind.Whole, "the part's station address") { Min = 1, Max = 247, Required = true },
    ];

    private static readonly IReadOnlyList<PartKey> OneWireKeys = [new(SerialNumber, PartKeyKind.Text, "the part's number as the kernel shows it, e.g. 28-0123456789ab") { Required = true }];

    /// <summary>The keys of the part's bus, apart from pins and addresses.</summary>
    public static IReadOnlyList<PartKey> Of(PartBus bus) => bus switch
    {
        PartBus.I2c => I2cKeys,
        PartBus.Spi => SpiKeys,
        PartBus.Serial => SerialKeys,
        PartBus.OneWire => OneWireKeys,
        _ => [],
    };
}
