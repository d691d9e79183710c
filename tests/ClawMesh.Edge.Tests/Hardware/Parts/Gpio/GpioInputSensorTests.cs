using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Parts.Gpio;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Gpio;

public sealed class GpioInputSensorTests : IDisposable
{
    private const string Keys = "\"driver\": \"gpio-input\", \"chip\": \"bank\", \"line\": \"FLOAT\"";

    private readonly GpioBench _bench = new("FLOAT", "OTHER");

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task It_reads_the_line_as_it_is_now(bool activeLow, double whenHigh)
    {
        ISensor sensor = _bench.OpenSensor($"{Keys}, \"activeLow\": {(activeLow ? "true" : "false")}");
        _bench.Bank.Lines[0].Drive(true);

        Assert.Equal(whenHigh, await GpioBench.ReadAsync(sensor));
        _bench.Bank.Lines[0].Drive(false);
        Assert.Equal(1 - whenHigh, await GpioBench.ReadAsync(sensor));
    }

    [Fact]
    public async Task A_change_is_told_with_the_kernel_s_time_of_it()
    {
        var sensor = (GpioInputSensor)_bench.OpenSensor(Keys);
        int changes = 0;
        sensor.Changed = () => Interlocked.Increment(ref changes);
        await GpioBench.ReadAsync(sensor);
        _bench.Time.Advance(TimeSpan.FromSeconds(3));

        _bench.Bank.Lines[0].Drive(true);
        ulong at = NowNs();
        _bench.Gpio.Settle();
        _bench.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, changes);
        Assert.Equal(new GpioEdge(0, Rising: true, at, 1), sensor.LastEdge);
    }

    [Fact]
    public async Task Bias_and_debounce_are_asked_for_as_the_site_says_and_the_holder_is_named()
    {
        await GpioBench.ReadAsync(_bench.OpenSensor($"{Keys}, \"bias\": \"pull-up\", \"debounce\": \"20ms\""));

        GpioRequest asked = _bench.Bank.Lines[0].Request!;
        Assert.Equal((GpioBias.PullUp, TimeSpan.FromMilliseconds(20), GpioEdges.Rising | GpioEdges.Falling), (asked.Bias, asked.Debounce, asked.Edges));
        Assert.Equal("clawmesh:input:S1", asked.Consumer);
    }

    [Fact]
    public async Task Where_the_chip_reports_no_edges_the_line_is_read_at_the_interval()
    {
        _bench.Bank.ReportsEdges = false;
        ISensor sensor = _bench.OpenSensor($"{Keys}, \"debounce\": \"20ms\"");

        double low = await GpioBench.ReadAsync(sensor);
        _bench.Bank.Lines[0].Drive(true);
        double high = await GpioBench.ReadAsync(sensor);

        Assert.Equal((0.0, 1.0), (low, high));
        Assert.Equal(GpioEdges.None, _bench.Bank.Lines[0].Request!.Edges);
    }

    [Fact]
    public async Task After_its_chip_was_away_it_is_read_again_and_tells_changes_again()
    {
        var sensor = (GpioInputSensor)_bench.OpenSensor(Keys);
        int changes = 0;
        sensor.Changed = () => Interlocked.Increment(ref changes);
        await GpioBench.ReadAsync(sensor);

        _bench.Bank.Unplug();
        _bench.Gpio.Settle();
        EdgeException away = await Assert.ThrowsAsync<EdgeException>(() => GpioBench.ReadAsync(sensor));
        _bench.Bank.PlugIn();
        double back = await GpioBench.ReadAsync(sensor);
        _bench.Bank.Lines[0].Drive(true);
        _bench.Gpio.Settle();

        Assert.Equal(("gpio.no_chip", FailureClass.DeviceAbsent), (away.Code, away.FailureClass));
        Assert.Equal((0.0, 1), (back, changes));
    }

    [Fact]
    public async Task A_line_somebody_else_holds_is_a_fault_of_the_read_and_nothing_before()
    {
        _bench.Bank.Lines[0].TakeBy("gpiomon");
        ISensor sensor = _bench.OpenSensor(Keys);

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => GpioBench.ReadAsync(sensor));
        _bench.Bank.Lines[0].Release();

        Assert.Equal("gpio.line_busy", fault.Code);
        Assert.Equal(0, await GpioBench.ReadAsync(sensor));
    }

    [Fact]
    public void Two_inputs_on_one_line_are_refused_by_the_site()
    {
        string first = GpioBench.SensorEntry(Keys);
        string second = GpioBench.SensorEntry(Keys, id: "sensor:input:S2");

        Assert.Contains(GpioBench.Read($"{first}, {second}", "").Problems, p => p.What.Contains("a line has one user"));
    }

    private ulong NowNs() => (ulong)((UInt128)(ulong)_bench.Time.GetTimestamp() * 1_000_000_000 / (ulong)_bench.Time.TimestampFrequency);
}
