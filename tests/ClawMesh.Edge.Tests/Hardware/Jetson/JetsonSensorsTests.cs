using System.Net.Sockets;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Hardware.Jetson;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Tests.Hardware.Jetson;

public sealed class JetsonSensorsTests : IDisposable
{
    private const string Gpu = "sys/class/devfreq/17000000.gpu";

    private readonly ScratchDirectory _root = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task A_GPU_node_that_appears_after_the_start_is_found_and_is_not_an_idle_GPU_before()
    {
        _root.Put("proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0");
        IReadOnlyList<ISensor> sensors = Discover();
        double before = await Value(sensors, "gpu-use");

        _root.Put($"{Gpu}/device/of_node/name", "gpu\0");
        _root.Put($"{Gpu}/device/load", "250\n");
        _root.Put($"{Gpu}/cur_freq", "510000000\n");
        double after = await Value(sensors, "gpu-use");
        double clock = await Value(sensors, "gpu-clock");

        // The driver is loaded anew, under another name of the node.
        Directory.Delete(_root.At(Gpu), recursive: true);
        double gone = await Value(sensors, "gpu-use");
        _root.Put("sys/class/devfreq/17000000.ga10b/device/load", "1000\n");

        Assert.Equal(double.NaN, before);
        Assert.Equal(25.0, after);
        Assert.Equal(510.0, clock);
        Assert.Equal(double.NaN, gone);
        Assert.Equal(100.0, await Value(sensors, "gpu-use"));
    }

    [Fact]
    public void On_another_machine_a_GPU_that_is_not_there_is_not_listed() => Assert.Empty(Discover());

    [Theory]
    [InlineData("42", 42.0)]
    [InlineData("420", 42.0)]
    [InlineData("1000", 100.0)]
    public async Task Thors_load_may_be_percents_or_tenths_of_them(string load, double percent)
    {
        _root.Put("sys/class/devfreq/gpu-gpc-0/load", load + "\n");
        _root.Put("sys/class/devfreq/gpu-gpc-0/cur_freq", "1\n");

        Assert.Equal(percent, await Value(Discover(), "gpu-use"));
    }

    [Fact]
    public async Task A_memory_clock_that_stands_has_no_load()
    {
        _root.Put("sys/kernel/debug/bpmp/debug/clk/emc/rate", "2133000000\n");
        _root.Put("sys/kernel/actmon_avg_activity/mc_all", "213300\n");
        IReadOnlyList<ISensor> sensors = Discover();
        double running = await Value(sensors, "emc-use");

        _root.Put("sys/kernel/debug/bpmp/debug/clk/emc/rate", "0\n");

        Assert.Equal(10.0, running);
        Assert.Equal(double.NaN, await Value(sensors, "emc-use"));
        Assert.Equal(0.0, await Value(sensors, "emc-clock"));
    }

    [Fact]
    public async Task A_zone_that_loses_power_has_no_value_and_one_that_comes_back_has_one()
    {
        Zone(0, "gpu-thermal", "-256000");
        Zone(1, "cv0-thermal", "-256000");
        Zone(2, "cpu-thermal", "48250");
        IReadOnlyList<ISensor> sensors = Discover();
        double off = await Value(sensors, "temp:gpu-thermal");
        Zone(0, "gpu-thermal", "47000");
        Zone(2, "cpu-thermal", "-256000");

        Assert.Equal(["sensor:host:temp:gpu-thermal", "sensor:host:temp:cpu-thermal"], sensors.Select(s => s.Info.Id.Value));
        Assert.Equal(double.NaN, off);
        Assert.Equal(47.0, await Value(sensors, "temp:gpu-thermal"));
        Assert.Equal(double.NaN, await Value(sensors, "temp:cpu-thermal"));
        Assert.All(sensors, s => Assert.True(s.Info.MayBeOff));
    }

    [Fact]
    public void The_kernels_try_again_means_switched_off_and_an_input_output_error_does_not()
    {
        // A socket that is read without waiting gives a genuine EAGAIN.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        using var stream = new FileStream(new SafeFileHandle(socket.Handle, ownsHandle: false), FileAccess.Read, bufferSize: 0);

        Exception again = Assert.ThrowsAny<IOException>(() => stream.ReadByte());

        Assert.True(KernelFile.MeansOff(again));
        Assert.False(KernelFile.MeansOff(new IOException("Input/output error", 5)));
        Assert.False(KernelFile.MeansOff(null));
    }

    [Fact]
    public async Task A_rail_is_listed_once_and_its_chip_is_asked_once_for_all_of_its_sensors()
    {
        JetsonTrees.Unpack("orin-nano", _root.Path);
        IReadOnlyList<ISensor> sensors = Discover();
        double watts = await Value(sensors, "power:vdd-in");
        _root.Put("sys/class/hwmon/hwmon2/in1_input", "4000\n");
        double sameMoment = await Value(sensors, "voltage:vdd-in");
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(5.016 * 1.104, watts, precision: 6);
        Assert.Equal(5.016, sameMoment, precision: 6);
        Assert.Equal(4.0, await Value(sensors, "voltage:vdd-in"), precision: 6);
        Assert.DoesNotContain(sensors, s => s.Info.Id.Value.Contains("ina3221", StringComparison.Ordinal));
        Assert.Single(sensors, s => s.Info.Id.Value.EndsWith("power:vdd-in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cluster_that_a_power_mode_switches_off_has_no_clock_and_is_no_fault()
    {
        JetsonTrees.Unpack("orin-nano", _root.Path);
        IReadOnlyList<ISensor> sensors = Discover();

        _root.Put("sys/devices/system/cpu/cpufreq/policy4/scaling_cur_freq", "<unknown>\n");

        Assert.Equal(double.NaN, await Value(sensors, "cpu-clock:policy4"));
        Assert.Equal(1344.0, await Value(sensors, "cpu-clock:policy0"));
    }

    [Fact]
    public async Task A_power_monitor_that_stops_answering_is_a_fault_of_its_sensors()
    {
        JetsonTrees.Unpack("orin-nano", _root.Path);
        IReadOnlyList<ISensor> sensors = Discover();
        _time.Advance(TimeSpan.FromSeconds(2));
        File.Delete(_root.At("sys/class/hwmon/hwmon2/curr1_input"));

        var fault = await Assert.ThrowsAsync<EdgeException>(() => Value(sensors, "power:total"));

        Assert.Equal("host.sensor_gone", fault.Code);
    }

    [Fact]
    public async Task What_slows_the_machine_is_counted_and_a_fan_or_a_hot_enclosure_is_not()
    {
        JetsonTrees.Unpack("orin-nano", _root.Path);
        IReadOnlyList<ISensor> sensors = Discover();
        _root.Put("sys/class/thermal/cooling_device6/cur_state", "1\n");
        double warm = await Value(sensors, "throttling");
        _root.Put("sys/class/thermal/cooling_device2/cur_state", "4\n");
        _root.Put("sys/class/thermal/cooling_device5/cur_state", "1\n");

        Assert.Equal(0.0, warm);
        Assert.Equal(2.0, await Value(sensors, "throttling"));
    }

    [Fact]
    public void What_changes_slowly_is_asked_slowly()
    {
        JetsonTrees.Unpack("agx-orin", _root.Path);

        IReadOnlyList<ISensor> sensors = Discover();

        Assert.Equal(TimeSpan.FromSeconds(60), Find(sensors, "power-mode").Info.Interval);
        Assert.Equal(TimeSpan.FromSeconds(60), Find(sensors, "flash-wear:mmcblk0").Info.Interval);
        Assert.True(Find(sensors, "throttling").Info.Interval >= TimeSpan.FromSeconds(10));
        double readsPerSecond = sensors.Sum(s => 1 / s.Info.Interval.TotalSeconds);
        Assert.True(readsPerSecond < 10, $"{readsPerSecond} samples a second");
    }

    [Fact]
    public async Task Sampling_allocates_little_more_than_the_handles_of_its_files()
    {
        JetsonTrees.Unpack("orin-nano", _root.Path);
        ISensor[] sensors = [.. Discover()];
        for (int round = 0; round < 2; round++)
        {
            foreach (ISensor sensor in sensors) _ = await sensor.ReadAsync(TestContext.Current.CancellationToken);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (ISensor sensor in sensors) _ = await sensor.ReadAsync(TestContext.Current.CancellationToken);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(bytes < 100 * sensors.Length, $"{bytes} bytes for {sensors.Length} sensors");
    }

    [Theory]
    [InlineData("0x01 0x02", 20.0)]
    [InlineData("0x0b 0x01", 110.0)]
    [InlineData("0x00 0x03", 30.0)]
    public async Task Flash_wear_is_the_worse_of_its_two_figures(string life, double percent)
    {
        _root.Put("sys/block/mmcblk0/device/life_time", life + "\n");
        _root.Put("sys/block/mmcblk1/device/type", "SD\n");

        Assert.Equal(percent, (await Assert.Single(Discover()).ReadAsync(TestContext.Current.CancellationToken)).Value);
    }

    [Fact]
    public void Flash_that_does_not_tell_its_wear_is_not_listed()
    {
        _root.Put("sys/block/mmcblk0/device/life_time", "0x00 0x00\n");

        Assert.Empty(Discover());
    }

    private void Zone(int number, string type, string temperature)
    {
        _root.Put($"sys/class/thermal/thermal_zone{number}/type", type + "\n");
        _root.Put($"sys/class/thermal/thermal_zone{number}/temp", temperature + "\n");
    }

    private IReadOnlyList<ISensor> Discover() => HostSensors.Discover(_root.Path, _time, []);

    private static ISensor Find(IReadOnlyList<ISensor> sensors, string name) => sensors.Single(s => s.Info.Id.Value == "sensor:host:" + name);

    private static async Task<double> Value(IReadOnlyList<ISensor> sensors, string name) =>
        (await Find(sensors, name).ReadAsync(TestContext.Current.CancellationToken)).Value;
}
