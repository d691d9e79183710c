namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>Current monitor for up to 26 V.</summary>
internal static class Ina219
{
    public static readonly SensorPart Part = PowerMonitor.PartOf(
        new PowerMonitorModel("ina219", "INA219", 1)
        {
            // Configuration register: BRNG 32 V, PG ±320 mV, BADC and SADC 16 samples, MODE shunt and bus, triggered.
            Config = (1 << 13) | (0b11 << 11) | (0b1100 << 7) | (0b1100 << 3) | 0b011,
            // ADC settings table: 16 samples take 8.51 ms each, 9.35 ms at most.
            Conversion = TimeSpan.FromMilliseconds(20),
            // Bus voltage register: CNVR.
            ReadyRegister = 0x02,
            ReadyBit = 1 << 1,
            // Shunt voltage register: 10 µV a step, ±320 mV.
            ShuntStep = 0.00001,
            ShuntHigh = 32_000,
            ShuntLow = -32_000,
            // Bus voltage register: 4 mV a step in bits 15 to 3, full scale 32 V.
            BusStep = 0.004,
            BusShift = 3,
            BusHigh = 8_000,
        },
        "TI INA219, voltage, current, power",
        "TI SBOS448G, register details",
        26,
        PowerMonitor.Addresses(16));
}
