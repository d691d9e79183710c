namespace ClawMesh.Edge.Hardware.Parts.Serial;

internal static class SerialParts
{
    public static readonly IReadOnlyList<Part> All =
    [
        new SensorPart(
            ModbusSensor.Driver, "Any field sensor that speaks Modbus RTU: tank level, weather, meters",
            "Modbus Application Protocol V1.1b3; Modbus over Serial Line V1.02; registers from the part's own manual",
            PartBus.Serial, [new("value", "", double.NegativeInfinity, double.PositiveInfinity)], (site, binding) => new ModbusSensor(site, binding))
        {
            Keys =
            [
                new(ModbusSensor.RegisterKey, PartKeyKind.Whole, "the register as the protocol counts, from 0: a manual's 40001 or 30001 is 0") { Min = 0, Max = 65_535, Required = true },
                new(ModbusSensor.TableKey, PartKeyKind.Word, "which registers it is one of") { Words = [ModbusSensor.Holding, ModbusSensor.Input], Default = ModbusSensor.Holding },
                new(ModbusSensor.TypeKey, PartKeyKind.Word, "what the registers hold; -swapped: the low word comes first")
                {
                    Words = ["u16", "i16", "u32", "i32", "f32", "u32-swapped", "i32-swapped", "f32-swapped"], Default = "u16",
                },
                new(ModbusSensor.ScaleKey, PartKeyKind.Number, "the value is register × scale + offset") { Default = "1" },
                new(ModbusSensor.OffsetKey, PartKeyKind.Number, "the value is register × scale + offset") { Default = "0" },
                new(ModbusSensor.InvalidKey, PartKeyKind.Number, "what the register holds when the part has no measurement, e.g. 65535"),
                new(ModbusSensor.TimeoutKey, PartKeyKind.Duration, "how long its answer may take to begin") { Max = 2, Default = "300ms" },
            ],
        },
    ];
}
