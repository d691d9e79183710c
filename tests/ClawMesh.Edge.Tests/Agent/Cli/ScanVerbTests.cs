using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class ScanVerbTests : IDisposable
{
    private readonly ScratchDirectory _root = new();
    private readonly FakeGpio _gpio = new(TimeProvider.System);
    private readonly FakeI2cBus _bus = new("/dev/i2c-7");
    private readonly FakePorts _ports;

    public ScanVerbTests()
    {
        _ports = new FakePorts { Root = _root.Path, Gpio = _gpio };
        _ports.I2c["/dev/i2c-7"] = _bus;
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task A_machine_without_anything_says_so_and_is_no_failure()
    {
        (int exit, string text) = await RunAsync();

        Assert.Equal(0, exit);
        Assert.Contains("The kernel shows no GPIO chip.", text, StringComparison.Ordinal);
        Assert.Contains("The kernel shows no I2C adapter.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_found_is_shown_in_the_words_of_a_site_file()
    {
        FakeGpioChip chip = _gpio.AddChip("tegra234-gpio", "PQ.05", "");
        chip.Lines[0].TakeBy("motor");
        _root.Put("sys/class/i2c-dev/i2c-7/name", "c250000.i2c\n");
        _root.Put("dev/ttyTHS1", "");
        _bus.Add(0x76, new FakeByteChip());

        (int exit, string text) = await RunAsync("--board", "orin-nano");

        Assert.Equal(0, exit);
        foreach (string part in (string[])["Board orin-nano.", "tegra234-gpio", "PQ.05 by motor", "header-i2c", "0x76", "bme280", "ttyTHS1"]) Assert.Contains(part, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_JSON_it_has_the_chips_the_buses_and_the_devices()
    {
        _gpio.AddChip("tegra234-gpio", "PQ.05", "");
        _root.Put("sys/class/i2c-dev/i2c-7/name", "c250000.i2c\n");
        _root.Put("dev/spidev0.0", "");
        _bus.Add(0x48, new FakeWordChip());

        JsonElement envelope = JsonDocument.Parse((await RunAsync("--bus", "i2c-7", "--json")).Output).RootElement;
        JsonElement data = envelope.GetProperty("data");

        Assert.Equal(("scan", "ok"), (envelope.GetProperty("kind").GetString(), envelope.GetProperty("status").GetString()));
        Assert.Equal(["board", "gpio", "i2c", "devices"], data.EnumerateObject().Select(m => m.Name));
        Assert.Equal("PQ.05", Assert.Single(data.GetProperty("gpio")[0].GetProperty("named").EnumerateArray()).GetProperty("name").GetString());
        JsonElement part = Assert.Single(data.GetProperty("i2c")[0].GetProperty("parts").EnumerateArray());
        Assert.Equal("0x48", part.GetProperty("address").GetString());
        Assert.Contains(part.GetProperty("couldBe").EnumerateArray(), d => d.GetString() == "ads1115");
        Assert.Equal("/dev/spidev0.0", data.GetProperty("devices")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task A_chip_that_may_not_be_opened_is_a_warning_with_the_way_in()
    {
        _gpio.AddChip("tegra234-gpio", "PQ.05").Denied = true;

        JsonElement envelope = JsonDocument.Parse((await RunAsync("--json")).Output).RootElement;

        Assert.Equal("warn", envelope.GetProperty("status").GetString());
        Assert.Contains("usermod", envelope.GetProperty("data").GetProperty("gpio")[0].GetProperty("problem").GetString(), StringComparison.Ordinal);
    }

    private async Task<(int Exit, string Output)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        var global = new GlobalOptions(output, TextWriter.Null, TimeProvider.System);
        var root = new RootCommand("test");
        global.AddTo(root);
        root.Subcommands.Add(ScanVerb.Build(global, _ports));
        int exit = await root.Parse(["scan", .. args, "--state-dir", _root.At("state")]).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        return (exit, output.ToString());
    }
}
