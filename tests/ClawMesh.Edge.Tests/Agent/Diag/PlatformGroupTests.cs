using System.Text.Json;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class PlatformGroupTests : IDisposable
{
    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Fact]
    public async Task A_Jetson_is_named_by_its_device_tree_and_its_release_file()
    {
        _diag.Machine("proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0");
        _diag.Machine("etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025\n");

        (await _diag.CheckAsync("platform.board")).Has("pass", "NVIDIA Jetson Orin Nano Developer Kit");
        (await _diag.CheckAsync("platform.l4t")).Has("pass", "L4T 36.4.3");
    }

    [Fact]
    public async Task A_PC_is_named_by_DMI_and_is_not_a_Jetson()
    {
        _diag.Machine("sys/class/dmi/id/product_name", "ThinkEdge SE30\n");
        _diag.Machine("sys/class/dmi/id/sys_vendor", "LENOVO\n");

        (await _diag.CheckAsync("platform.board")).Has("pass", "LENOVO ThinkEdge SE30");
        (await _diag.CheckAsync("platform.l4t")).Has("skip", "not a Jetson");
    }

    [Fact]
    public async Task A_Tegra_kernel_without_its_release_file_is_a_fail()
    {
        _diag.Machine("proc/sys/kernel/osrelease", "5.15.148-tegra\n");

        (await _diag.CheckAsync("platform.l4t")).Has("fail", "without /etc/nv_tegra_release");
        (await _diag.CheckAsync("platform.kernel")).Has("pass", "Linux 5.15.148-tegra");
    }

    [Fact]
    public async Task A_kernel_before_the_second_GPIO_interface_is_a_warning()
    {
        _diag.Machine("proc/sys/kernel/osrelease", "4.9.337-tegra\n");

        JsonElement kernel = await _diag.CheckAsync("platform.kernel");

        kernel.Has("warn", "4.9.337-tegra");
        Assert.Contains("5.10", kernel.Fix(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(50_000, "pass")]
    [InlineData(88_000, "warn")]
    [InlineData(95_000, "fail")]
    public async Task A_zone_is_judged_by_the_lowest_trip_at_which_it_throttles(int milliCelsius, string status)
    {
        Zone(0, "cpu-thermal", $"{milliCelsius}", ("active", 50_000), ("passive", 95_000), ("critical", 104_500), ("passive", 99_000));
        Zone(1, "gpu-thermal", "40000", ("passive", 95_000));

        JsonElement thermal = await _diag.CheckAsync("platform.thermal");

        thermal.Has(status, "cpu-thermal");
        Assert.Equal(95, thermal.Value("throttleCelsius"));
    }

    [Fact]
    public async Task Zones_that_are_switched_off_or_always_say_100_do_not_count()
    {
        Zone(0, "PMIC-Die", "100000", ("passive", 80_000));
        Zone(1, "cv0-thermal", "-256000");
        Zone(2, "cv1-thermal", "");
        Zone(3, "soc0-thermal", "45500");

        JsonElement thermal = await _diag.CheckAsync("platform.thermal");

        thermal.Has("pass", "soc0-thermal 45.5 °C is the hottest of 1 zone");
    }

    [Fact]
    public async Task A_machine_that_shows_nothing_is_skipped_with_reasons()
    {
        foreach (string name in (string[])["board", "l4t", "memory", "thermal", "load", "uptime"]) Assert.Equal("skip", (await _diag.CheckAsync($"platform.{name}")).Status());
    }

    [Fact]
    public async Task A_machine_with_far_more_work_than_processors_is_a_warning()
    {
        _diag.Machine("proc/loadavg", $"{Environment.ProcessorCount * 3}.00 {Environment.ProcessorCount * 3}.00 1.00 2/345 6789\n");

        Assert.Equal("warn", (await _diag.CheckAsync("platform.load")).Status());
    }

    private void Zone(int number, string type, string temperature, params (string Type, int MilliCelsius)[] trips)
    {
        string zone = $"sys/class/thermal/thermal_zone{number}";
        _diag.Machine($"{zone}/type", type + "\n");
        _diag.Machine($"{zone}/temp", temperature + "\n");
        for (int i = 0; i < trips.Length; i++)
        {
            _diag.Machine($"{zone}/trip_point_{i}_type", trips[i].Type + "\n");
            _diag.Machine($"{zone}/trip_point_{i}_temp", $"{trips[i].MilliCelsius}\n");
        }
    }
}
