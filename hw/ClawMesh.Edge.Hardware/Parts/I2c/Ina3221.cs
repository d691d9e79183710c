namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>Three current monitors for up to 26 V. The one on a Jetson module belongs to the kernel: its address is busy.</summary>
internal static class Ina3221
{
    public static readonly SensorPart Part = PowerMonitor.PartOf(
        new PowerMonitorModel("ina3221", "INA3221", 3)
        {
            // Configuration register: all channels on, AVG 4, VBUSCT and VSHCT 1.1 ms, MODE shunt and bus, triggered.
            Config = (0b111 << 12) | (0b001 << 9) | (0b100 << 6) | (0b100 << 3) | 0b011,
            // Electrical characteristics: 1.21 ms at most, twenty-four times.
            Conversion = TimeSpan.FromMilliseconds(31),
            // Mask/enable register: CVRF.
            ReadyRegister = 0x0f,
            ReadyBit = 1 << 0,
            // Shunt voltage registers: 40 µV a step in bits 15 to 3, ±163.8 mV.
            ShuntStep = 0.00004,
            ShuntShift = 3,
            ShuntHigh = 0x7ff8,
            ShuntLow = short.MinValue,
            // Bus voltage registers: 8 mV a step in bits 15 to 3.
            BusStep = 0.008,
            BusShift = 3,
            BusIsSigned = true,
            BusHigh = 0xfff,
            // Die id register: 0x3220.
            Die = 0x322,
        },
        "TI INA3221, three inputs, voltage, current, power",
        "TI SBOS576B, register maps",
        26,
        PowerMonitor.Addresses(4));
}
