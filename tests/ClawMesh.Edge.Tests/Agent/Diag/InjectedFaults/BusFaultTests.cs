using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.TestKit.Hardware;
using static ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults.HealthyFarm;

namespace ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults;

/// <summary>I2C buses and who is on them: one fault each, its cause named, its fix followed, and all is green again.</summary>
public sealed class BusFaultTests : IDisposable
{
    private const string BusDevices = "sys/bus/i2c/devices";

    // Who is on the header's bus besides the climate sensor.
    private static readonly string[] Others = [Leaf, Soil, Valve2];

    private readonly HealthyFarm _farm = new();

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task A_missing_device_node_is_told_with_the_module_that_makes_it()
    {
        File.Delete(_farm.At("dev/i2c-1"));
        File.Delete(_farm.At("dev/i2c-7"));

        CheckOutcome light = await _farm.DiagnosedAsync(Light, CheckStatus.Fail, FailureClass.DeviceAbsent, [Air, .. Others]);

        Names(light, "sudo modprobe i2c-dev", "/dev/i2c-1", "no other I2C bus either");
        _farm.Machine("dev/i2c-1:\ndev/i2c-7:");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task One_missing_adapter_is_told_with_those_there_are()
    {
        File.Delete(_farm.At("dev/i2c-1"));

        CheckOutcome light = await _farm.DiagnosedAsync(Light, CheckStatus.Fail, FailureClass.DeviceAbsent);

        Names(light, "Name one of them in the site file", "/dev/i2c-1", "this machine has /dev/i2c-7");
        _farm.Machine("dev/i2c-1:");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_adapter_this_user_may_not_open_is_told_with_the_group()
    {
        _farm.Ports.Closed.Add("/dev/i2c-1");

        CheckOutcome light = await _farm.DiagnosedAsync(Light, CheckStatus.Fail, FailureClass.Auth);

        Names(light, "sudo usermod -aG i2c", "/dev/i2c-1", "This user may not use the device", "'i2c'");
        _farm.Ports.Closed.Clear();
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_wrong_address_is_told_with_bus_and_address_and_the_site_is_mended()
    {
        _farm.Edit(_ => _farm.Entry(Air)["address"] = "0x77");

        CheckOutcome air = await _farm.DiagnosedAsync(Air, CheckStatus.Fail, FailureClass.DeviceAbsent);

        Names(air, "clawmesh-edge scan", "0x77 on /dev/i2c-7", "Nobody acknowledged");
        _farm.Edit(_ => _farm.Entry(Air)["address"] = "0x76");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_output_s_expander_that_is_not_there_is_told_too()
    {
        _farm.Edit(_ => _farm.Entry(Valve2)["address"] = "0x21");

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve2, CheckStatus.Fail, FailureClass.DeviceAbsent);

        Names(valve, "address pins", "0x21 on /dev/i2c-7");
        _farm.Edit(_ => _farm.Entry(Valve2)["address"] = "0x20");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_address_a_driver_of_the_kernel_holds_is_told_with_the_driver_and_its_unbind()
    {
        _farm.Machine($"sys/bus/i2c/drivers/bmp280/bind:\n{BusDevices}/7-0076/driver -> ../../drivers/bmp280");

        CheckOutcome air = await _farm.DiagnosedAsync(Air, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(air, "echo 7-0076 | sudo tee /sys/bus/i2c/devices/7-0076/driver/unbind", "0x76", "'bmp280'");
        File.Delete(_farm.At($"{BusDevices}/7-0076/driver"));
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_address_the_module_itself_has_is_told_in_words()
    {
        _farm.Edit(_ =>
        {
            System.Text.Json.Nodes.JsonObject valve = _farm.Entry(Valve2);
            (valve["driver"], valve["bus"], valve["address"], valve["output"]) = ("pca9685", "header-i2c-id", "0x40", 3);
        });

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve2, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(valve, "or wire it to header-i2c", "address 0x40", "pins 27/28", "INA3221 power monitor of the module");
        // The fix: the other bus, where it answers.
        _farm.Header.Add(0x40, new FakeByteChip { [0] = 0x10 });
        _farm.Edit(_ => _farm.Entry(Valve2)["bus"] = "header-i2c");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_data_line_held_low_is_told_as_such_and_the_other_bus_still_answers()
    {
        _farm.Ports.Errors["/dev/i2c-7"] = Errno.Etimedout;

        CheckOutcome air = await _farm.DiagnosedAsync(Air, CheckStatus.Fail, FailureClass.BusIo, Others);

        Names(air, "unplug the parts one by one", "/dev/i2c-7", "a line is held low");
        _farm.Ports.Errors.Clear();
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_bus_that_hangs_costs_its_own_parts_two_seconds_and_nobody_else()
    {
        _farm.Patience = 1;
        _farm.Header.Fail(0x76, FakeI2cFault.Hang);
        long began = TimeProvider.System.GetTimestamp();

        // The expander is asked on a way of its own, so it answers: the chip that hangs is what the fake bus hangs for. Who had the
        // bus before it was read all the same.
        CheckOutcome air = await _farm.DiagnosedAsync(Air, CheckStatus.Fail, FailureClass.BusIo, also: [], maybe: [Leaf, Soil]);

        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0, 8);
        Names(air, "unplug them one after the other", "bus 'header-i2c' gave no answer within 2 s", "the other buses were asked");
        _farm.Header.Fail(0x76, FakeI2cFault.None);
        _farm.Patience = 10;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_Modbus_station_that_is_silent_is_told_with_station_port_and_settings()
    {
        _farm.Station.Silent = true;

        CheckOutcome tank = await _farm.DiagnosedAsync(Tank, CheckStatus.Fail, FailureClass.DeviceAbsent);

        Names(tank, "A and B are not swapped", "Station 7", "holding register 0", "9600");
        _farm.Station.Silent = false;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_Modbus_exception_is_told_by_number_and_meaning()
    {
        _farm.Edit(_ => _farm.Entry(Tank)["register"] = 40);

        CheckOutcome tank = await _farm.DiagnosedAsync(Tank, CheckStatus.Fail, FailureClass.Config);

        Names(tank, "40001 or 30001 is register 0", "Station 7", "register 40", "exception 2");
        _farm.Edit(_ => _farm.Entry(Tank)["register"] = 0);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task An_SPI_device_that_is_not_there_is_told_with_the_tool_that_turns_it_on()
    {
        File.Delete(_farm.At("dev/spidev0.0"));

        CheckOutcome battery = await _farm.DiagnosedAsync(Battery, CheckStatus.Fail, FailureClass.DeviceAbsent);

        Names(battery, "sudo modprobe spidev", "/dev/spidev0.0");
        _farm.Machine("dev/spidev0.0:");
        await _farm.AssertGreenAsync();
    }
}
