namespace ClawMesh.Edge.Hardware.Parts.Kernel;

internal static class KernelParts
{
    private static readonly PartKey Device = new("device", PartKeyKind.Text, "what it sits on where several have its name, e.g. 1-0040: address 0x40 of I2C bus 1");

    public static readonly IReadOnlyList<Part> All =
    [
        new SensorPart(
            Ds18b20.Driver, "DS18B20 thermometer on the kernel's 1-wire bus", "Maxim DS18B20, 19-7487 Rev 6; Documentation/w1/slaves/w1_therm.rst",
            PartBus.OneWire, [new("temp", "°C", -55, 125)], (site, binding) => new Ds18b20(site, binding)),
        new SensorPart(
            HwmonSensor.Driver, "A channel of any chip with a hwmon driver in the kernel", "Documentation/hwmon/sysfs-interface.rst",
            PartBus.Kernel,
            [Any("temp", "°C"), Any("voltage", "V"), Any("current", "A"), Any("power", "W"), new("fan", "rpm", 0, double.PositiveInfinity)],
            (site, binding) => new HwmonSensor(site, binding))
        {
            Keys =
            [
                new(HwmonSensor.ChipKey, PartKeyKind.Text, "the chip's name, as in /sys/class/hwmon/hwmon*/name") { Required = true },
                new(HwmonSensor.ChannelKey, PartKeyKind.Text, "its channel, e.g. temp1, or the channel's label, e.g. VDD_IN") { Required = true },
                Device,
            ],
        },
        new SensorPart(
            IioSensor.Driver, "A channel of any chip with an IIO driver in the kernel", "Documentation/ABI/testing/sysfs-bus-iio",
            PartBus.Kernel,
            [Any("temp", "°C"), Any("voltage", "V"), Any("current", "A"), Any("power", "W"), Any("pressure", "hPa"), Any("humidity", "%"), Any("light", "lx")],
            (site, binding) => new IioSensor(site, binding))
        {
            Keys =
            [
                new(IioSensor.NameKey, PartKeyKind.Text, "the device's name, as in /sys/bus/iio/devices/iio:device*/name") { Required = true },
                new(IioSensor.AttributeKey, PartKeyKind.Text, "its channel, e.g. in_voltage0") { Required = true },
                Device,
            ],
        },
        new SensorPart(
            ThermalSensor.Driver, "A thermal zone of the module", "Documentation/driver-api/thermal/sysfs-api.rst",
            PartBus.Kernel, [Any("temp", "°C")], (site, binding) => new ThermalSensor(site, binding))
        {
            Keys = [new(ThermalSensor.ZoneKey, PartKeyKind.Text, "the zone's type, as in /sys/class/thermal/thermal_zone*/type") { Required = true }],
        },
        new OutputPart(
            PwmOutput.Driver, "An output on a PWM controller of the module, or of any chip with a PWM driver in the kernel", "Documentation/ABI/testing/sysfs-class-pwm",
            PartBus.Pwm, Levels: true, (site, binding, effect) => new PwmOutput(site, binding, effect))
        {
            Keys =
            [
                new(PwmOutput.FrequencyKey, PartKeyKind.Number, "periods a second") { Min = 0.1, Max = 1e6, Default = "1000" },
                new(PwmOutput.InvertedKey, PartKeyKind.Flag, "the output is active while the line is low"),
            ],
        },
    ];

    // The chip decides what it can report, and the kernel does not tell.
    private static PartMeasure Any(string name, string unit) => new(name, unit, double.NegativeInfinity, double.PositiveInfinity);
}
