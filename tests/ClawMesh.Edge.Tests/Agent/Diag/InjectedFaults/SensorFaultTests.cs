using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Errors;
using static ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults.HealthyFarm;

namespace ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults;

/// <summary>Probes and their parts: one fault each, its cause named, its fix followed, and all is green again.</summary>
public sealed class SensorFaultTests : IDisposable
{
    private readonly HealthyFarm _farm = new();

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task A_broken_wire_puts_the_converter_at_its_rail()
    {
        _farm.Adc[0] = 0x7fff;

        CheckOutcome soil = await _farm.DiagnosedAsync(Soil, CheckStatus.Fail, FailureClass.OutOfRange);

        Names(soil, "broken or open wire", "0x7fff", "upper end of its range of ±4.096 V", "0x48");
        _farm.Adc[0] = 14_400;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_SPI_converter_at_its_rail_is_told_with_its_input()
    {
        _farm.Converter.Inputs[0] = 1023;

        CheckOutcome battery = await _farm.DiagnosedAsync(Battery, CheckStatus.Fail, FailureClass.OutOfRange);

        Names(battery, "open wire", "Input 0 reads 1023", "3.3 V");
        _farm.Converter.Inputs[0] = 512;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_answer_that_is_no_number_is_out_of_range()
    {
        _farm.Station.Holding[0] = 0x7FC0;

        CheckOutcome tank = await _farm.DiagnosedAsync(Tank, CheckStatus.Fail, FailureClass.OutOfRange);

        Names(tank, "Check the probe", "without a plausible number", "plausible is 0 to 105 %");
        _farm.Station.Holding[0] = 0x427A;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_value_outside_of_the_plausible_range_is_told_with_both_and_a_wider_range_is_a_fix()
    {
        _farm.Station.Holding[0] = 0x437A;

        CheckOutcome tank = await _farm.DiagnosedAsync(Tank, CheckStatus.Fail, FailureClass.OutOfRange);

        Names(tank, "widen `valid` in the site file", "250 %", "plausible is 0 to 105 %");
        _farm.Edit(_ => _farm.Entry(Tank)["valid"]!["max"] = 300);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_damaged_answer_is_told_with_both_checksums()
    {
        _farm.LeafAnswers("6000d4676693");

        CheckOutcome leaf = await _farm.DiagnosedAsync(Leaf, CheckStatus.Fail, FailureClass.BusIo);

        Names(leaf, "Shorten or shield the wires", "SHT3x at 0x44", "checksum is 0x93");
        _farm.LeafAnswers("6000d4666693");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task Another_chip_than_the_site_s_is_told_by_its_id()
    {
        _farm.Climate[0xd0] = 0x58;

        CheckOutcome air = await _farm.DiagnosedAsync(Air, CheckStatus.Fail, FailureClass.Config);

        Names(air, "Put in a BME280", "0x58", "BMP280, which measures no humidity", "0x76");
        _farm.Climate[0xd0] = 0x60;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_stale_calibration_is_told_with_its_dates_and_a_new_one_is_the_fix()
    {
        _farm.Edit(_ => _farm.Entry(Soil)["calibration"]!["on"] = DaysAgo(400));

        CheckOutcome soil = await _farm.DiagnosedAsync(Soil, CheckStatus.Warn, FailureClass.StaleData);

        Names(soil, "Measure its two points again", $"its calibration of {DaysAgo(400)}", $"good until {DaysAgo(35)}");
        _farm.Edit(_ => _farm.Entry(Soil)["calibration"]!["on"] = DaysAgo(0));
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_thermometer_that_is_not_on_its_bus_is_told_with_those_that_are()
    {
        _farm.Edit(_ => _farm.Entry(Warmth)["serial"] = "28-000000000001");

        CheckOutcome warmth = await _farm.DiagnosedAsync(Warmth, CheckStatus.Fail, FailureClass.DeviceAbsent);

        Names(warmth, "4.7 kΩ", "'28-000000000001'", "28-0123456789ab");
        _farm.Edit(_ => _farm.Entry(Warmth)["serial"] = "28-0123456789ab");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_thermometer_whose_transfers_are_damaged_is_told_with_the_resistor()
    {
        _farm.Machine("sys/bus/w1/devices/28-0123456789ab/temperature: \\c");

        CheckOutcome warmth = await _farm.DiagnosedAsync(Warmth, CheckStatus.Fail, FailureClass.BusIo);

        Names(warmth, "4.7 kΩ", "'28-0123456789ab'", "damaged");
        _farm.Machine("sys/bus/w1/devices/28-0123456789ab/temperature: 18500");
        await _farm.AssertGreenAsync();
    }
}
