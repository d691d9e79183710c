using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Gpio;

public sealed class PulseFlowSensorTests : IDisposable
{
    private const string Keys = "\"driver\": \"pulse-flow\", \"chip\": \"bank\", \"line\": \"METER\", \"pulsesPerLitre\": 450";
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private readonly GpioBench _bench = new("METER", "OTHER");

    public void Dispose() => _bench.Dispose();

    private FakeGpioLine Meter => _bench.Bank.Lines[0];

    [Fact]
    public async Task The_flow_is_the_mean_over_the_window_and_the_volume_the_sum()
    {
        (ISensor flow, ISensor volume) = await OpenBoth();

        // 75 pulses a second for 10 s: 750 pulses, 10 l/min.
        await Run(TimeSpan.FromSeconds(10), pulsesPer100Ms: 7.5);

        Assert.Equal(10, await GpioBench.ReadAsync(flow), 0.15);
        Assert.Equal(750 / 450.0, await GpioBench.ReadAsync(volume), 0.001);
    }

    [Fact]
    public async Task Two_sensors_of_one_meter_share_one_request()
    {
        await OpenBoth();

        Assert.Equal("clawmesh:flow:F1", Meter.Holder);
        Assert.Equal((GpioEdges.Rising, GpioBias.PullUp), (Meter.Request!.Edges, Meter.Request!.Bias));
    }

    [Fact]
    public async Task Without_pulses_the_flow_falls_to_zero_within_the_window_and_the_volume_stays()
    {
        (ISensor flow, ISensor volume) = await OpenBoth();
        await Run(TimeSpan.FromSeconds(10), pulsesPer100Ms: 7.5);

        _bench.Time.Advance(TimeSpan.FromSeconds(2.5));
        double half = await GpioBench.ReadAsync(flow);
        _bench.Time.Advance(TimeSpan.FromSeconds(2.6));
        double none = await GpioBench.ReadAsync(flow);
        _bench.Time.Advance(TimeSpan.FromDays(30));

        Assert.Equal(5, half, 0.25);
        Assert.Equal(0, none);
        Assert.Equal(0, await GpioBench.ReadAsync(flow));
        Assert.Equal(750 / 450.0, await GpioBench.ReadAsync(volume), 0.001);
    }

    [Fact]
    public async Task Two_stray_pulses_are_a_trickle_and_no_flow()
    {
        (ISensor flow, _) = await OpenBoth();

        Meter.Pulse(2);
        _bench.Gpio.Settle();

        Assert.InRange(await GpioBench.ReadAsync(flow), 0.01, 0.06);
    }

    [Fact]
    public async Task Edges_the_kernel_had_no_room_for_are_counted_by_their_numbers()
    {
        (_, ISensor volume) = await OpenBoth();

        Meter.Pulse(10);
        Meter.LoseEdges(430);
        Meter.Pulse(10);
        _bench.Gpio.Settle();

        Assert.Equal(1, await GpioBench.ReadAsync(volume));
    }

    [Fact]
    public async Task A_meter_that_was_unplugged_goes_on_counting_from_where_it_was()
    {
        (_, ISensor volume) = await OpenBoth();
        Meter.Pulse(225);
        _bench.Gpio.Settle();

        _bench.Bank.Unplug();
        EdgeException away = await Assert.ThrowsAsync<EdgeException>(() => GpioBench.ReadAsync(volume));
        _bench.Bank.PlugIn();
        await GpioBench.ReadAsync(volume);
        Meter.Pulse(225);
        _bench.Gpio.Settle();

        Assert.Equal(FailureClass.DeviceAbsent, away.FailureClass);
        Assert.Equal(1, await GpioBench.ReadAsync(volume));
    }

    [Fact]
    public async Task A_chip_without_an_interrupt_cannot_count_and_says_so()
    {
        _bench.Bank.ReportsEdges = false;
        ISensor flow = _bench.OpenSensor($"{Keys}, \"measures\": \"flow\"", "l/min");

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => GpioBench.ReadAsync(flow));

        Assert.Equal("gpio.no_edges", fault.Code);
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData(", \"window\": \"2s\"", ", \"window\": \"2s\"", true)]
    [InlineData("", ", \"debounce\": \"1ms\"", false)]
    public void Sensors_share_a_line_only_with_the_same_keys(string first, string second, bool good)
    {
        string flow = GpioBench.SensorEntry($"{Keys}, \"measures\": \"flow\"{first}", "l/min", "sensor:flow:F1");
        string volume = GpioBench.SensorEntry($"{Keys}, \"measures\": \"volume\"{second}", "l", "sensor:volume:F1");

        Assert.Equal(good, !GpioBench.Read($"{flow}, {volume}", "").Problems.Any(p => p.What.Contains("uses already with other keys")));
    }

    [Fact]
    public void A_relay_does_not_share_the_meter_s_line()
    {
        string flow = GpioBench.SensorEntry($"{Keys}, \"measures\": \"flow\"", "l/min", "sensor:flow:F1");
        string relay = GpioBench.Actuator("\"driver\": \"gpio-relay\", \"chip\": \"bank\", \"line\": \"METER\"");

        Assert.Contains(GpioBench.Read(flow, relay).Problems, p => p.What.Contains("uses already; a line has one user"));
    }

    private async Task<(ISensor Flow, ISensor Volume)> OpenBoth()
    {
        const string keys = $"{Keys}, \"bias\": \"pull-up\"";
        _bench.Open(
            $"{GpioBench.SensorEntry($"{keys}, \"measures\": \"flow\"", "l/min", "sensor:flow:F1")}, {GpioBench.SensorEntry($"{keys}, \"measures\": \"volume\"", "l", "sensor:volume:F1")}",
            "");
        foreach (ISensor sensor in _bench.Hardware.Sensors) Assert.Equal(0, await GpioBench.ReadAsync(sensor));
        return (_bench.Hardware.Sensors[0], _bench.Hardware.Sensors[1]);
    }

    private Task Run(TimeSpan time, double pulsesPer100Ms)
    {
        double due = 0;
        for (TimeSpan done = TimeSpan.Zero; done < time; done += Slice)
        {
            _bench.Time.Advance(Slice);
            for (due += pulsesPer100Ms; due >= 1; due--) Meter.Pulse(1);
        }

        _bench.Gpio.Settle();
        return Task.CompletedTask;
    }
}
