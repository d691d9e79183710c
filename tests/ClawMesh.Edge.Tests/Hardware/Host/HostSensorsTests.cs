using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Host;

public sealed class HostSensorsTests : IDisposable
{
    private readonly ScratchDirectory _root = new();
    private readonly ManualTime _time = new();

    [Fact]
    public async Task Kernel_figures_are_read_from_procfs()
    {
        PutProcfs();

        IReadOnlyList<ISensor> sensors = Discover();

        Assert.Equal(25.0, await Value(sensors, "mem-available"));
        Assert.Equal(2_000_000 * 1024.0, await Value(sensors, "mem-available-bytes"));
        Assert.Equal(0.42, await Value(sensors, "load-1m"));
        Assert.Equal(12345.67, await Value(sensors, "uptime"));
        Assert.Equal(1.5, await Value(sensors, "cpu-pressure"));
        Assert.Equal(0.25, await Value(sensors, "io-pressure"));
        Assert.DoesNotContain(sensors, s => s.Info.Id.Value == "sensor:host:mem-pressure");
    }

    [Fact]
    public async Task A_reading_carries_zone_unit_clock_and_tier()
    {
        PutProcfs();
        ISensor sensor = Discover().Single(s => s.Info.Id.Value == "sensor:host:mem-available");
        _time.Advance(TimeSpan.FromSeconds(3));

        Reading reading = await sensor.ReadAsync(TestContext.Current.CancellationToken);

        Assert.Equal("host", reading.Zone);
        Assert.Equal(new Quantity("mem-available", "%"), reading.Quantity);
        Assert.Equal(_time.GetUtcNow(), reading.SampledAt);
        Assert.Equal(_time.GetTimestamp(), reading.SampledTimestamp);
        Assert.Equal(EvidenceTier.OperationalObservation, reading.Tier);
        Assert.False(reading.Simulated);
        Assert.Equal(TimeSpan.FromSeconds(5), sensor.Info.Interval);
    }

    [Fact]
    public async Task CPU_use_covers_the_time_since_the_sample_before()
    {
        _root.Put("proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3 4\n");
        IReadOnlyList<ISensor> sensors = Discover();

        _root.Put("proc/stat", "cpu  150 0 110 840 0 0 0 0 50 0\ncpu0 1 2 3 4\n");
        double first = await Value(sensors, "cpu-use");
        double unchanged = await Value(sensors, "cpu-use");
        _root.Put("proc/stat", "cpu  150 0 110 900 40 0 0 0 50 0\n");
        double idle = await Value(sensors, "cpu-use");

        Assert.Equal(60.0, first);
        Assert.Equal(60.0, unchanged);
        Assert.Equal(0.0, idle);
    }

    [Fact]
    public async Task Network_rates_are_per_second_of_the_monotonic_clock_and_only_of_real_interfaces()
    {
        PutInterface("eth0", 1000, real: true);
        PutInterface("lo", 5, real: false);
        IReadOnlyList<ISensor> sensors = Discover();
        double atOnce = await Value(sensors, "net-rx:eth0");

        _time.Advance(TimeSpan.FromSeconds(4));
        _time.StepWallClock(TimeSpan.FromHours(-5));
        PutInterface("eth0", 9000, real: true);

        Assert.Equal(0.0, atOnce);
        Assert.Equal(2000.0, await Value(sensors, "net-rx:eth0"), precision: 2);
        Assert.DoesNotContain(sensors, s => s.Info.Id.Value.EndsWith(":lo", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_counter_that_was_reset_does_not_make_a_negative_rate()
    {
        PutInterface("wlan0", 1_000_000, real: true);
        IReadOnlyList<ISensor> sensors = Discover();

        _time.Advance(TimeSpan.FromSeconds(2));
        PutInterface("wlan0", 600, real: true);

        Assert.Equal(300.0, await Value(sensors, "net-rx:wlan0"), precision: 2);
    }

    [Fact]
    public async Task Hwmon_channels_are_scaled_to_plain_units_and_named_by_chip_and_label()
    {
        Put("sys/class/hwmon/hwmon0", ("name", "ina226"), ("in1_input", "5040"), ("in1_label", "VDD_IN"), ("curr1_input", "-250"), ("curr1_label", "VDD_IN"), ("power1_input", "1500000"));
        Put("sys/class/hwmon/hwmon1", ("name", "nct6775"), ("temp1_input", "41500"), ("temp1_label", "CPU (Tctl)"), ("fan2_input", "1200"), ("pwm1", "128"), ("beep_enable", "1"));

        IReadOnlyList<ISensor> sensors = Discover();

        Assert.Equal(5.04, await Value(sensors, "voltage:ina226-vdd-in"));
        Assert.Equal(-0.25, await Value(sensors, "current:ina226-vdd-in"));
        Assert.Equal(1.5, await Value(sensors, "power:ina226-power1"));
        Assert.Equal(41.5, await Value(sensors, "temp:nct6775-cpu-tctl"));
        Assert.Equal(1200.0, await Value(sensors, "fan:nct6775-fan2"));
        Assert.Equal(5, sensors.Count);
    }

    [Fact]
    public async Task A_thermal_zone_is_listed_once_although_hwmon_shows_it_again()
    {
        Put("sys/class/thermal/thermal_zone0", ("type", "cpu-thermal"), ("temp", "48250"));
        Put("sys/class/thermal/cooling_device0", ("type", "pwm-fan"), ("cur_state", "1"));
        Put("sys/class/hwmon/hwmon0", ("name", "cpu_thermal"), ("temp1_input", "48250"));

        IReadOnlyList<ISensor> sensors = Discover();

        Assert.Equal("sensor:host:temp:cpu-thermal", Assert.Single(sensors).Info.Id.Value);
        Assert.Equal(48.25, await Value(sensors, "temp:cpu-thermal"));
    }

    [Fact]
    public void Thermometers_on_1_wire_are_left_to_the_site_because_each_read_holds_their_bus()
    {
        Put("sys/class/hwmon/hwmon0", ("name", "w1_slave_temp"), ("temp1_input", "21500"));

        Assert.Empty(Discover());
    }

    [Fact]
    public void Two_chips_of_one_kind_get_two_ids()
    {
        Put("sys/class/hwmon/hwmon0", ("name", "nvme"), ("temp1_input", "30000"));
        Put("sys/class/hwmon/hwmon10", ("name", "nvme"), ("temp1_input", "31000"));
        Put("sys/class/hwmon/hwmon2", ("name", "nvme"), ("temp1_input", "32000"));

        Assert.Equal(
            ["sensor:host:temp:nvme-temp1", "sensor:host:temp:nvme-temp1-2", "sensor:host:temp:nvme-temp1-3"],
            Discover().Select(s => s.Info.Id.Value));
    }

    [Fact]
    public async Task A_sensor_that_was_unplugged_is_absent_and_not_zero()
    {
        Put("sys/class/hwmon/hwmon0", ("name", "usb"), ("temp1_input", "20000"));
        ISensor sensor = Discover().Single();
        Directory.Delete(_root.At("sys/class/hwmon/hwmon0"), recursive: true);

        var fault = await Assert.ThrowsAsync<EdgeException>(() => sensor.ReadAsync(TestContext.Current.CancellationToken).AsTask());

        Assert.Equal("host.sensor_gone", fault.Code);
        Assert.Equal(FailureClass.DeviceAbsent, fault.FailureClass);
        Assert.Contains("sensor:host:temp:usb-temp1", fault.What);
    }

    [Fact]
    public async Task An_input_output_error_of_the_kernel_is_a_bus_fault()
    {
        Put("sys/class/hwmon/hwmon0", ("name", "i2c"), ("temp1_input", "20000"));
        ISensor sensor = Discover().Single();
        File.Delete(_root.At("sys/class/hwmon/hwmon0/temp1_input"));

        // Page 0 of a process is not mapped, so reading its memory from there is a genuine EIO.
        File.CreateSymbolicLink(_root.At("sys/class/hwmon/hwmon0/temp1_input"), "/proc/self/mem");
        var fault = await Assert.ThrowsAsync<EdgeException>(() => sensor.ReadAsync(TestContext.Current.CancellationToken).AsTask());

        Assert.Equal("host.read_failed", fault.Code);
        Assert.Equal(FailureClass.BusIo, fault.FailureClass);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12 34")]
    [InlineData("N/A")]
    public async Task What_is_not_a_whole_number_is_a_fault_that_quotes_it(string text)
    {
        Put("sys/class/hwmon/hwmon0", ("name", "odd"), ("temp1_input", "20000"));
        ISensor sensor = Discover().Single();
        _root.Put("sys/class/hwmon/hwmon0/temp1_input", text);

        var fault = await Assert.ThrowsAsync<EdgeException>(() => sensor.ReadAsync(TestContext.Current.CancellationToken).AsTask());

        Assert.Contains($"'{text}'", fault.Why);
    }

    [Fact]
    public void A_sensor_that_does_not_answer_at_discovery_is_left_out()
    {
        Put("sys/class/thermal/thermal_zone0", ("type", "gpu-thermal"), ("temp", ""));
        Put("sys/class/thermal/thermal_zone1", ("type", "cpu-thermal"), ("temp", "40000"));

        Assert.Equal("sensor:host:temp:cpu-thermal", Assert.Single(Discover()).Info.Id.Value);
    }

    [Fact]
    public void The_list_is_bounded_and_keeps_the_useful_ones()
    {
        PutProcfs();
        Put("sys/class/hwmon/hwmon0", [("name", "big"), .. Enumerable.Range(1, 200).Select(n => ($"temp{n}_input", "30000"))]);

        IReadOnlyList<ISensor> sensors = Discover();

        Assert.Equal(HostSensors.MaxSensors, sensors.Count);
        Assert.Equal("sensor:host:mem-available", sensors[0].Info.Id.Value);
        Assert.Equal(sensors.Count, sensors.Select(s => s.Info.Id).Distinct().Count());
    }

    [Fact]
    public void A_bare_root_has_no_sensors_and_no_exception() => Assert.Empty(HostSensors.Discover(_root.At("nowhere"), _time, [_root.At("nowhere")]));

    [Fact]
    public async Task Free_disk_space_is_a_percentage_and_a_vanished_path_is_absent()
    {
        string disk = _root.At("disk");
        Directory.CreateDirectory(disk);
        ISensor sensor = Assert.Single(HostSensors.Discover(_root.Path, _time, [disk]));

        Reading reading = await sensor.ReadAsync(TestContext.Current.CancellationToken);
        Directory.Delete(disk);
        var fault = await Assert.ThrowsAsync<EdgeException>(() => sensor.ReadAsync(TestContext.Current.CancellationToken).AsTask());

        Assert.StartsWith("sensor:host:disk-free:", sensor.Info.Id.Value);
        Assert.InRange(reading.Value, 0, 100);
        Assert.Equal(FailureClass.DeviceAbsent, fault.FailureClass);
    }

    [Fact]
    public async Task On_this_machine_every_discovered_sensor_reads_a_plausible_value()
    {
        IReadOnlyList<ISensor> sensors = HostSensors.Discover("/", TimeProvider.System, ["/"]);

        Assert.Contains(sensors, s => s.Info.Id.Value == "sensor:host:mem-available");
        Assert.Contains(sensors, s => s.Info.Id.Value == "sensor:host:disk-free:root");
        foreach (ISensor sensor in sensors)
        {
            Reading reading = await sensor.ReadAsync(TestContext.Current.CancellationToken);
            if (!double.IsNaN(reading.Value) || !sensor.Info.MayBeOff) Assert.InRange(reading.Value, sensor.Info.ValidMin, sensor.Info.ValidMax);
        }
    }

    [Fact]
    public async Task Swap_is_a_share_and_a_machine_without_any_lists_none()
    {
        PutProcfs();
        bool without = Discover().Any(s => s.Info.Id.Value == "sensor:host:swap-use");
        _root.Put("proc/meminfo", "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    2000000 kB\nSwapTotal:       4000000 kB\nSwapFree:        1000000 kB\n");
        _root.Put("sys/block/zram0/mm_stat", "  4096   1024   8192        0     8192        0        0        0        0\n");
        _root.Put("sys/block/zram1/mm_stat", "4096 1024 2000 0 8192 0 0 0 0\n");
        _root.Put("sys/block/zram2/mm_stat", "0 0 777 0 0 0 0 0 0\n");
        foreach ((int device, string size) in ((int, string)[])[(0, "665739264"), (1, "665739264"), (2, "0")]) _root.Put($"sys/block/zram{device}/disksize", size + "\n");
        IReadOnlyList<ISensor> sensors = Discover();

        Assert.False(without);
        Assert.Equal(75.0, await Value(sensors, "swap-use"));
        Assert.Equal(10192.0, await Value(sensors, "zram"));
    }

    [Theory]
    [InlineData("Package id 0", "package-id-0")]
    [InlineData("  VDD_IN  ", "vdd-in")]
    [InlineData("°", "unnamed")]
    public void Labels_become_ASCII_slugs(string label, string slug) => Assert.Equal(slug, HostSensorList.Slug(label));

    public void Dispose() => _root.Dispose();

    private IReadOnlyList<ISensor> Discover() => HostSensors.Discover(_root.Path, _time, []);

    private static async Task<double> Value(IReadOnlyList<ISensor> sensors, string name) =>
        (await sensors.Single(s => s.Info.Id.Value == "sensor:host:" + name).ReadAsync(TestContext.Current.CancellationToken)).Value;

    private void Put(string directory, params (string File, string Text)[] files)
    {
        foreach ((string file, string text) in files) _root.Put($"{directory}/{file}", text + "\n");
    }

    private void PutInterface(string name, long bytes, bool real)
    {
        Put($"sys/class/net/{name}/statistics", ("rx_bytes", $"{bytes}"), ("tx_bytes", "0"));
        if (real) Directory.CreateDirectory(_root.At($"sys/class/net/{name}/device"));
    }

    private void PutProcfs()
    {
        _root.Put("proc/meminfo", "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    2000000 kB\nBuffers: 1 kB\n");
        _root.Put("proc/loadavg", "0.42 0.30 0.20 1/234 5678\n");
        _root.Put("proc/uptime", "12345.67 45678.90\n");
        _root.Put("proc/pressure/cpu", "some avg10=1.50 avg60=0.25 avg300=1.24 total=1\nfull avg10=9.00 avg60=0.00 avg300=0.00 total=0\n");
        _root.Put("proc/pressure/io", "some avg10=0.25 avg60=0.00 avg300=0.00 total=1\n");
    }
}
