namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>Current monitor for up to 36 V.</summary>
internal static class Ina226
{
    public static readonly SensorPart Part = PowerMonitor.PartOf(
        new PowerMonitorModel("ina226", "INA226", 1)
        {
            // Configuration register (7.1.1): bit 14 reads 1; AVG 4, VBUSCT and VSHCT 1.1 ms, MODE shunt and bus, triggered.
            Config = (1 << 14) | (0b001 << 9) | (0b100 << 6) | (0b100 << 3) | 0b011,
            // Electrical characteristics: 1.21 ms at most, eight times.
            Conversion = TimeSpan.FromMilliseconds(11),
            // Mask/enable register: CVRF.
            ReadyRegister = 0x06,
            ReadyBit = 1 << 3,
            // Shunt voltage register: 2.5 µV a step, ±81.92 mV.
            ShuntStep = 0.0000025,
            ShuntHigh = short.MaxValue,
            ShuntLow = short.MinValue,
            // Bus voltage register: 1.25 mV a step, 40.96 V.
            BusStep = 0.00125,
            BusHigh = 0x7fff,
            // Die id register: 0x2260 and a revision.
            Die = 0x226,
        },
        "TI INA226, voltage, current, power",
        "TI SBOS547A, register maps",
        36,
        PowerMonitor.Addresses(16));
}
