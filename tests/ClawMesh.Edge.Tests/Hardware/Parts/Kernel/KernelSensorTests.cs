using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Parts.Kernel;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Kernel;

/// <summary>hwmon, IIO and thermal zones on trees of files as the kernel shows them.</summary>
public sealed class KernelSensorTests : IDisposable
{
    private readonly ScratchDirectory _root = new();
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData("temp", "temp1", "°C", 46.5)]
    [InlineData("temp", "Tboard", "°C", 46.5)]
    [InlineData("voltage", "in1", "V", 4.968)]
    [InlineData("voltage", "VDD_IN", "V", 4.968)]
    [InlineData("current", "VDD_IN", "A", 0.968)]
    [InlineData("power", "power1", "W", 4.8)]
    [InlineData("fan", "fan1", "rpm", 2100)]
    public async Task A_hwmon_channel_is_found_by_number_or_label_in_the_unit_of_its_kind(string measures, string channel, string unit, double value)
    {
        Hwmon(3, "ina3221", ("temp1_input", "46500"), ("temp1_label", "Tboard"), ("in1_input", "4968"), ("in1_label", "VDD_IN"), ("curr1_input", "968"), ("power1_average", "4800000"), ("fan1_input", "2100"));
        using OneSensor sensor = OpenHwmon(measures, channel, unit);

        Assert.Equal(value, await sensor.ValueAsync(), tolerance: 1e-9);
        Assert.Equal("hwmon:ina3221", sensor.Sensor.Info.Bus);
    }

    [Fact]
    public async Task A_chip_that_comes_back_under_another_number_is_found_again()
    {
        Hwmon(3, "ina3221", ("in1_input", "5000"));
        using OneSensor sensor = OpenHwmon("voltage", "in1", "V");
        Assert.Equal(5, await sensor.ValueAsync());
        _root.Put("sys/class/hwmon/hwmon3/in1_input", "5100\n");
        Assert.Equal(5.1, await sensor.ValueAsync(), tolerance: 1e-9);

        // A plain file that was deleted goes on answering; empty is as close as a test comes to ENODEV.
        _root.Put("sys/class/hwmon/hwmon3/in1_input", "");
        Directory.Delete(_root.At("sys/class/hwmon/hwmon3"), recursive: true);
        Assert.Equal("kernel.no_device", (await sensor.FaultAsync()).Code);
        Hwmon(5, "ina3221", ("in1_input", "5200"));

        Assert.Equal(5.2, await sensor.ValueAsync(), tolerance: 1e-9);
    }

    [Fact]
    public async Task A_chip_or_channel_that_is_not_there_is_told_with_those_that_are()
    {
        Hwmon(0, "pwmfan", ("fan1_input", "0"));
        using OneSensor absent = OpenHwmon("voltage", "in1", "V");
        EdgeException noChip = await absent.FaultAsync();
        Hwmon(1, "ina3221", ("in1_input", "5000"), ("in1_label", "VDD_IN"), ("curr1_input", "1"));
        using OneSensor wrong = OpenHwmon("voltage", "in7", "V");
        EdgeException noChannel = await wrong.FaultAsync();
        using OneSensor mixed = OpenHwmon("temp", "in1", "°C");

        Assert.Equal(("kernel.no_device", FailureClass.DeviceAbsent), (noChip.Code, noChip.FailureClass));
        Assert.Contains("there are pwmfan", noChip.Why);
        Assert.Equal(("kernel.no_channel", FailureClass.Config), (noChannel.Code, noChannel.FailureClass));
        Assert.Contains("in1 (VDD_IN), curr1", noChannel.Why);
        Assert.Equal("kernel.no_channel", (await mixed.FaultAsync()).Code);
    }

    [Fact]
    public async Task Two_chips_of_one_name_are_told_apart_by_what_they_sit_on()
    {
        HwmonOn("1-0040", 1, "ina3221", ("in1_input", "5000"));
        HwmonOn("1-0041", 2, "ina3221", ("in1_input", "3300"));
        using OneSensor unclear = OpenHwmon("voltage", "in1", "V");
        using OneSensor clear = OpenHwmon("voltage", "in1", "V", ", \"device\": \"1-0041\"");

        EdgeException fault = await unclear.FaultAsync();
        Assert.Equal(("kernel.ambiguous", FailureClass.Config), (fault.Code, fault.FailureClass));
        Assert.Equal(3.3, await clear.ValueAsync(), tolerance: 1e-9);
    }

    [Fact]
    public async Task What_is_not_a_number_is_a_fault_that_shows_it()
    {
        Hwmon(0, "ina3221", ("in1_input", "N/A"));
        using OneSensor sensor = OpenHwmon("voltage", "in1", "V");

        EdgeException fault = await sensor.FaultAsync();

        Assert.Equal("kernel.read_failed", fault.Code);
        Assert.Contains("'N/A'", fault.Why);
    }

    [Fact]
    public void A_unit_that_does_not_fit_the_kind_is_a_problem_of_the_site()
    {
        SiteReadResult read = OneSensor.Read("V", "\"driver\": \"hwmon\", \"chip\": \"ina3221\", \"channel\": \"temp1\", \"measures\": \"temp\"");

        Assert.Contains(read.Problems, p => p.Path == "sensors[0].unit");
    }

    // bme280: the example of the datasheet's appendix, 25.08 °C; ads1115 at ±2.048 V: 0.0625 mV a step.
    [Theory]
    [InlineData("bme280", "in_temp", "temp", "°C", 25.08)]
    [InlineData("bme280", "in_pressure", "pressure", "hPa", 1006.53)]
    [InlineData("bme280", "in_humidityrelative", "humidity", "%", 40.5)]
    [InlineData("ads1015", "in_voltage0", "voltage", "V", 1.0)]
    [InlineData("ads1015", "in_voltage0-voltage1", "voltage", "V", 0.02)]
    [InlineData("ads1015", "in_voltage3", "voltage", "V", 0.22)]
    [InlineData("bh1750", "in_illuminance", "light", "lx", 120)]
    public async Task An_IIO_channel_is_converted_as_the_ABI_says(string name, string attribute, string measures, string unit, double value)
    {
        Iio(0, "bme280", ("in_temp_input", "25080"), ("in_pressure_input", "100.653000000"), ("in_humidityrelative_input", "40500"));
        Iio(1, "ads1015", ("in_voltage0_raw", "16000"), ("in_voltage0_scale", "0.062500000"), ("in_voltage0-voltage1_raw", "10"), ("in_voltage-voltage_scale", "2"),
            ("in_voltage3_raw", "100"), ("in_voltage_scale", "2"), ("in_voltage3_offset", "10"));
        Iio(2, "bh1750", ("in_illuminance_raw", "144"), ("in_illuminance_scale", "0.833333333"));
        using OneSensor sensor = OpenIio(name, attribute, measures, unit);

        Assert.Equal(value, await sensor.ValueAsync(), tolerance: 1e-4);
    }

    [Fact]
    public async Task A_scale_that_another_program_changed_counts_at_once()
    {
        Iio(0, "ads1015", ("in_voltage0_raw", "1000"), ("in_voltage0_scale", "1"));
        using OneSensor sensor = OpenIio("ads1015", "in_voltage0", "voltage", "V");
        Assert.Equal(1, await sensor.ValueAsync());

        _root.Put("sys/bus/iio/devices/iio:device0/in_voltage0_scale", "2\n");

        Assert.Equal(2, await sensor.ValueAsync());
    }

    [Fact]
    public async Task An_IIO_channel_of_another_kind_is_not_read()
    {
        Iio(0, "bme280", ("in_temp_input", "25080"), ("in_pressure_input", "100"));
        using OneSensor sensor = OpenIio("bme280", "in_temp", "pressure", "hPa");

        EdgeException fault = await sensor.FaultAsync();

        Assert.Equal("kernel.no_channel", fault.Code);
        Assert.Contains("in_temp, in_pressure", fault.Why);
    }

    [Fact]
    public async Task A_thermal_zone_is_found_by_its_type()
    {
        _root.Put("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
        _root.Put("sys/class/thermal/thermal_zone0/temp", "41000\n");
        _root.Put("sys/class/thermal/thermal_zone7/type", "gpu-thermal\n");
        _root.Put("sys/class/thermal/thermal_zone7/temp", "43500\n");
        using var sensor = new OneSensor(new FakePorts { Root = _root.Path }, _time, "°C", "\"driver\": \"thermal\", \"thermalZone\": \"gpu-thermal\"");

        Assert.Equal(43.5, await sensor.ValueAsync());
        Assert.Equal("thermal:gpu-thermal", sensor.Sensor.Info.Bus);
    }

    [Fact]
    public void An_attribute_is_read_again_and_again_without_allocating()
    {
        var attribute = new KernelAttribute(new SensorId("sensor:part:P1"));
        attribute.Open(_root.Put("temp", "41000\n"));
        for (int i = 0; i < 50; i++) attribute.TryReadNumber(out _);

        long before = GC.GetAllocatedBytesForCurrentThread();
        double sum = 0;
        for (int i = 0; i < 1000; i++) sum += attribute.TryReadNumber(out double number) ? number : 0;

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(41_000_000, sum);
        attribute.Close();
        Assert.False(attribute.TryReadNumber(out _));
    }

    public void Dispose() => _root.Dispose();

    private OneSensor OpenHwmon(string measures, string channel, string unit, string more = "") => new(
        new FakePorts { Root = _root.Path }, _time, unit, $"\"driver\": \"hwmon\", \"chip\": \"ina3221\", \"channel\": \"{channel}\", \"measures\": \"{measures}\"{more}");

    private OneSensor OpenIio(string name, string attribute, string measures, string unit) => new(
        new FakePorts { Root = _root.Path }, _time, unit, $"\"driver\": \"iio\", \"name\": \"{name}\", \"attribute\": \"{attribute}\", \"measures\": \"{measures}\"");

    private void Hwmon(int number, string name, params (string File, string Text)[] files) => Put($"sys/class/hwmon/hwmon{number}", name, files);

    private void HwmonOn(string device, int number, string name, params (string File, string Text)[] files)
    {
        string real = $"sys/devices/i2c-1/{device}/hwmon/hwmon{number}";
        Put(real, name, files);
        Directory.CreateDirectory(_root.At("sys/class/hwmon"));
        Directory.CreateSymbolicLink(_root.At($"sys/class/hwmon/hwmon{number}"), _root.At(real));
    }

    private void Iio(int number, string name, params (string File, string Text)[] files) => Put($"sys/bus/iio/devices/iio:device{number}", name, files);

    private void Put(string directory, string name, (string File, string Text)[] files)
    {
        _root.Put($"{directory}/name", name + "\n");
        foreach ((string file, string text) in files) _root.Put($"{directory}/{file}", text + "\n");
    }
}
