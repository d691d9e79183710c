using System.Text.Json.Nodes;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Agent.Cli;
using ClawMesh.Edge.Tests.Hardware.Jetson;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults;

/// <summary>
/// A small farm on an Orin Nano in which nothing is wrong: the constructed file tree of the board, a part on every bus, three outputs, a
/// journal. Tests break one thing, ask the whole of <c>diag</c>, follow its fix and ask again.
/// </summary>
internal sealed class HealthyFarm : IDisposable
{
    public const string Air = "io.sensor:air:house";
    public const string Leaf = "io.sensor:leaf:house";
    public const string Soil = "io.sensor:soil:bed-1";
    public const string Light = "io.sensor:light:house";
    public const string Tank = "io.sensor:tank:yard";
    public const string Warmth = "io.sensor:warmth:bed-1";
    public const string Battery = "io.sensor:battery:yard";
    public const string Door = "io.sensor:door:house";
    public const string Valve1 = "io.actuator:valve:bed-1";
    public const string Valve2 = "io.actuator:valve:bed-2";
    public const string Fan = "io.actuator:fan:house";
    public const string Wiring = "io.wiring";
    public const string Pinmux = "io.pinmux";

    public const string PwmChannel = "sys/class/pwm/pwmchip0/pwm0";

    private const string Boot = "5d0f7a52-0f0a-4b7e-8d2f-0a6f6a1f3c11";

    // They measure the machine that the test runs on.
    private static readonly string[] Volatile = ["storage.fsync", "platform.cpu"];

    private readonly ScratchDirectory _scratch = new();
    private readonly bool _isMade;

    public HealthyFarm()
    {
        Ports = new FarmPorts(_scratch.At("root"), Gpio);
        MakeMachine();
        MakeParts();
        SiteFile = MakeSite();
        WriteSite();
        _isMade = true;
    }

    public FakeGpio Gpio { get; } = new(TimeProvider.System);

    public FarmPorts Ports { get; }

    public FakeGpioChip Chip { get; private set; } = null!;

    public FakeI2cBus Header { get; } = new("/dev/i2c-7");

    public FakeI2cBus SecondHeader { get; } = new("/dev/i2c-1");

    public FakeByteChip Climate { get; private set; } = null!;

    public FakeWordChip Adc { get; private set; } = null!;

    public FakeByteChip Expander { get; private set; } = null!;

    public FakeModbusStation Station { get; } = new(7);

    public FakeMcp3008 Converter { get; } = new();

    /// <summary>The site file, to be changed with <see cref="Edit"/>.</summary>
    public JsonObject SiteFile { get; }

    public StateDirectory State => new(_scratch.At("state"), "--state-dir");

    /// <summary>By how much the deadlines of diag are longer here.</summary>
    public int Patience { get; set; } = 10;

    public FileSystemFacts Disk { get; set; } = new(8L << 30, 32L << 30, ReadOnly: false, "ext4");

    public ClockFacts Clock { get; set; } = new(ClockClass.Synchronised, "the kernel is disciplined, error at most 3 ms", "", true, 3, TimeProvider.System.GetUtcNow(), TimeSpan.Zero, null, false);

    /// <summary>What the SHT3x sends when it is asked: two words, each with its checksum.</summary>
    public void LeafAnswers(string hex) => Header.Add(0x44, new FakeCommandChip()).Answer([0x24, 0x00], Convert.FromHexString(hex));

    public string At(string path) => _scratch.At(Path.Combine("root", path));

    /// <summary>Lines of <see cref="FileTree"/>.</summary>
    public void Machine(string tree) => FileTree.Unpack(tree, _scratch.At("root"));

    public void Edit(Action<JsonObject> change)
    {
        change(SiteFile);
        WriteSite();
    }

    public JsonObject Entry(string check) => SiteFile["sensors"]!.AsArray().Concat(SiteFile["actuators"]!.AsArray())
        .Select(e => e!.AsObject()).Single(e => check == $"io.{e["id"] ?? e["ref"]}");

    /// <summary>Another kernel names a line otherwise.</summary>
    public void Rename(int offset, string name) => Chip.Lines[offset].Name = name;

    /// <summary>How the pads of pins 29, 31 and 33 were switched when the probe looked.</summary>
    public void Probe(uint pin29 = 0x40, uint pin31 = 0x50, uint pin33 = 0x400, string boot = Boot) => PinmuxFile.Write(
        _scratch.At("root"), new PinmuxTable(boot, "orin-nano", [new(29, 0x02430068, new(pin29)), new(31, 0x02430070, new(pin31)), new(33, 0x02434040, new(pin33))]));

    /// <summary>The journal of a life that has ended, with the identity that vouches for it.</summary>
    public Task RememberAsync()
    {
        UnixMode.CreateDirectory(State.Path, UnixMode.OwnerOnlyDirectory);
        return StoredJournal.WriteAsync(State);
    }

    /// <summary>What <c>safe-state</c> does with one output.</summary>
    public void SafeState(string check)
    {
        Site site = Sites.Catalog.Read(_scratch.At("farm.json")).Site!;
        BoardDefinition? board = Sites.BoardOf(site);
        using var buses = new SiteBuses(Ports, board, TimeProvider.System);
        ActuatorBinding binding = site.Actuators.Single(a => check == $"io.{a.Policy.Actuator}");
        Assert.True(HardwareFactory.OpenOutput(binding, new PartSite(Ports, buses, board, TimeProvider.System)).MakeSafe(SafeCause.Operator).Confirmed);
        Expander.Writes!.Clear();
    }

    /// <summary>The whole of <c>diag</c>.</summary>
    public async Task<IReadOnlyList<CheckResult>> DiagAsync()
    {
        var host = new DiagHost
        {
            Root = _scratch.At("root"), Ports = Ports, Scratch = _scratch.At("tmp"), FileSystem = _ => Disk, Clock = (_, _) => Clock,
            Faces = () => [new("eth0", Loopback: false, Multicast: true, ["192.0.2.7"])],
        };
        IReadOnlyList<CheckResult> results;
        await using (var context = new DiagContext(State, new HastyTime(Patience), deep: false, host))
            results = await DiagRunner.RunAsync(DiagGroups.Choose([]), context, TestContext.Current.CancellationToken);
        AssertNothingWasDriven();
        return results;
    }

    /// <summary>Nothing fails and nothing warns.</summary>
    public async Task AssertGreenAsync()
    {
        IReadOnlyList<string> troubled = Troubled(await DiagAsync());
        Assert.True(troubled.Count == 0, string.Join('\n', troubled));
    }

    /// <summary>Exactly these checks fail or warn, the first of them as told.</summary>
    /// <param name="also">Other checks that see the same fault.</param>
    public Task<CheckOutcome> DiagnosedAsync(string check, CheckStatus status, FailureClass failureClass, params IEnumerable<string> also) =>
        DiagnosedAsync(check, status, failureClass, also, maybe: []);

    /// <param name="maybe">Checks that see the fault when it comes before them.</param>
    public async Task<CheckOutcome> DiagnosedAsync(string check, CheckStatus status, FailureClass failureClass, IEnumerable<string> also, IReadOnlyList<string> maybe)
    {
        IReadOnlyList<CheckResult> results = await DiagAsync();
        IReadOnlyList<string> troubled = Troubled(results);
        Assert.True(
            ((IEnumerable<string>)[check, .. also]).Order(StringComparer.Ordinal).SequenceEqual(troubled.Select(t => t.Split(' ')[0]).Where(t => !maybe.Contains(t)).Order(StringComparer.Ordinal)),
            string.Join('\n', troubled));
        CheckOutcome outcome = results.Single(r => r.Id == check).Outcome;
        Assert.True((status, failureClass) == (outcome.Status, outcome.FailureClass), $"{outcome.Status} {outcome.FailureClass} {Told(outcome)}");
        return outcome;
    }

    public static CheckOutcome Find(IReadOnlyList<CheckResult> results, string check) => results.Single(r => r.Id == check).Outcome;

    /// <summary>The cause by each of its names, and the fix.</summary>
    public static void Names(CheckOutcome outcome, string fix, params IEnumerable<string> cause)
    {
        string told = $"{outcome.Summary}\n{string.Join('\n', outcome.Details)}";
        foreach (string name in cause) Assert.Contains(name, told, StringComparison.Ordinal);
        Assert.Contains(fix, outcome.Fix, StringComparison.Ordinal);
    }

    public static string Told(CheckOutcome outcome) => $"{outcome.Summary} | {string.Join(" | ", outcome.Details)} | {outcome.Fix}";

    public void Dispose()
    {
        foreach (FakeI2cBus bus in (FakeI2cBus[])[Header, SecondHeader]) bus.Dispose();
        _scratch.Dispose();
    }

    private static IReadOnlyList<string> Troubled(IReadOnlyList<CheckResult> results) =>
        [.. results.Where(r => r.Outcome.Status is CheckStatus.Fail or CheckStatus.Warn && !Volatile.Contains(r.Id)).Select(r => $"{r.Id} {Told(r.Outcome)}")];

    // Looking must leave every output as it is: no line requested as an output, no register of an expander written, no channel touched.
    private void AssertNothingWasDriven()
    {
        Assert.Empty(Gpio.Writes);
        Assert.DoesNotContain(Chip.Lines, line => line.Request is not null || line.IsOutput);
        Assert.Empty(Expander.Writes!);
        if (Directory.Exists(At("sys/class/pwm/pwmchip0"))) Assert.False(File.Exists(At("sys/class/pwm/pwmchip0/export")) && File.ReadAllText(At("sys/class/pwm/pwmchip0/export")).Length > 1);
    }

    private void MakeMachine()
    {
        JetsonTrees.Unpack("orin-nano", Directory.CreateDirectory(_scratch.At("root")).FullName);
        Directory.CreateDirectory(_scratch.At("tmp"));
        Machine(
            $"""
            proc/sys/kernel/random/boot_id: {Boot}
            dev/gpiochip0:
            dev/i2c-1:
            dev/i2c-7:
            dev/spidev0.0:
            dev/ttyTHS1:
            sys/devices/platform/bus@0/c250000.i2c/i2c-7/i2c-dev/i2c-7/name: c250000.i2c
            sys/devices/platform/bus@0/c240000.i2c/i2c-1/i2c-dev/i2c-1/name: c240000.i2c
            sys/class/i2c-dev/i2c-7 -> ../../devices/platform/bus@0/c250000.i2c/i2c-7/i2c-dev/i2c-7
            sys/class/i2c-dev/i2c-1 -> ../../devices/platform/bus@0/c240000.i2c/i2c-1/i2c-dev/i2c-1
            sys/devices/platform/bus@0/32c0000.pwm/pwm/pwmchip0/npwm: 1
            sys/devices/platform/bus@0/32c0000.pwm/pwm/pwmchip0/export:
            sys/devices/platform/bus@0/32c0000.pwm/pwm/pwmchip0/device -> ../../../32c0000.pwm
            sys/bus/platform/devices/32c0000.pwm -> ../../../devices/platform/bus@0/32c0000.pwm
            sys/class/pwm/pwmchip0 -> ../../devices/platform/bus@0/32c0000.pwm/pwm/pwmchip0
            sys/bus/w1/devices/w1_bus_master1/name: w1_bus_master1
            sys/bus/w1/devices/28-0123456789ab/temperature: 18500
            """);
        Probe();
    }

    private void MakeParts()
    {
        string[] names = new string[164];
        foreach (BoardPin pin in new BoardCatalog("/nonexistent").Read("orin-nano").Board!.Pins)
        {
            if (pin.Gpio is { } gpio) names[gpio.Offset] = gpio.LineName;
        }

        Chip = Gpio.AddChip("tegra234-gpio", [.. names.Select(n => n ?? "")]);
        Climate = Header.Add(0x76, new FakeByteChip());
        Climate[0xd0] = 0x60;
        Climate.Set(0x88, Convert.FromHexString("706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017004b"));
        Climate.Set(0xe1, Convert.FromHexString("7201001329031e"));
        Climate.Set(0xf7, Convert.FromHexString("655ac07eed007530"));
        LeafAnswers("6000d4666693");
        Adc = Header.Add(0x48, new FakeWordChip());
        Adc[0] = 14_400;
        Expander = Header.Add(0x20, new FakeByteChip { Writes = [] });
        Expander.Set(0x00, 0xff, 0xff);
        SecondHeader.Add(0x23, new FakeCommandChip()).Answer([0x20], [0x83, 0x90]);
        (Station.Holding[0], Station.Holding[1]) = (0x427A, 0x0000);
        Converter.Inputs[0] = 512;
        Ports.I2c["/dev/i2c-7"] = Header;
        Ports.I2c["/dev/i2c-1"] = SecondHeader;
        Ports.Spi["/dev/spidev0.0"] = new FakeSpi(Converter.Transfer);
        Ports.Serial["/dev/ttyTHS1"] = new FakeSerialLine(new ManualTime(), Station);
    }

    private static JsonObject MakeSite() => JsonNode.Parse(
        $$"""
        {
          "schema": 1, "name": "farm", "board": "orin-nano", "simulated": false,
          "sensors": [
            { "id": "sensor:air:house", "zone": "house", "metric": "temp", "unit": "°C", "driver": "bme280", "bus": "header-i2c", "address": "0x76", "measures": "temp" },
            { "id": "sensor:leaf:house", "zone": "house", "metric": "humidity", "unit": "%", "driver": "sht3x", "bus": "header-i2c", "address": "0x44", "measures": "humidity" },
            { "id": "sensor:soil:bed-1", "zone": "bed-1", "metric": "moisture", "unit": "%", "driver": "ads1115", "bus": "header-i2c", "address": "0x48", "input": "0",
              "calibration": { "raw1": 2.60, "value1": 0, "raw2": 1.10, "value2": 100, "on": "{{DaysAgo(10)}}", "validFor": "365d" }, "valid": { "min": 0, "max": 100 } },
            { "id": "sensor:light:house", "zone": "house", "metric": "light", "unit": "lx", "driver": "bh1750", "bus": "header-i2c-id", "address": "0x23" },
            { "id": "sensor:tank:yard", "zone": "yard", "metric": "level", "unit": "%", "driver": "modbus", "port": "header-serial", "station": 7, "register": 0, "type": "f32", "timeout": "50ms", "valid": { "min": 0, "max": 105 } },
            { "id": "sensor:warmth:bed-1", "zone": "bed-1", "metric": "temp", "unit": "°C", "driver": "ds18b20", "serial": "28-0123456789ab" },
            { "id": "sensor:battery:yard", "zone": "yard", "metric": "voltage", "unit": "V", "driver": "mcp3008", "device": "header-spi", "input": 0 },
            { "id": "sensor:door:house", "zone": "house", "metric": "state", "unit": "1", "driver": "gpio-input", "pin": 31 }
          ],
          "actuators": [
            { "ref": "actuator:valve:bed-1", "zone": "bed-1", "kind": "onOff", "driver": "gpio-relay", "pin": 29, "safe": "inactive", "maxOn": "20m", "effect": { "sensor": "sensor:tank:yard", "rises": 2, "within": "2s" } },
            { "ref": "actuator:valve:bed-2", "zone": "bed-2", "kind": "onOff", "driver": "mcp23017", "bus": "header-i2c", "address": "0x20", "output": 3, "safe": "inactive", "maxOn": "20m", "effect": { "sensor": "sensor:tank:yard", "rises": 2, "within": "2s" } },
            { "ref": "actuator:fan:house", "zone": "house", "kind": "level", "driver": "pwm", "pin": 33, "safe": 0, "maxOn": "20m", "effect": { "sensor": "sensor:air:house", "rises": 2, "within": "2s" } }
          ]
        }
        """)!.AsObject();

    public static string DaysAgo(int days) => TimeProvider.System.GetUtcNow().AddDays(-days).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private void WriteSite()
    {
        string file = _scratch.Put("farm.json", SiteFile.ToJsonString());
        if (!_isMade) UnixMode.CreateDirectory(State.Path, UnixMode.OwnerOnlyDirectory);
        _scratch.Put("state/node.json", new JsonObject { ["site"] = file }.ToJsonString());
    }
}

/// <summary>The system's clock, with the short waits for a second look cut down.</summary>
/// <param name="patience">By how much deadlines are longer, so that a busy machine does not make a fault of its own.</param>
internal sealed class HastyTime(int patience) : TimeProvider
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime <= TimeSpan.Zero ? dueTime : dueTime <= Look ? TimeSpan.FromMilliseconds(1) : dueTime * patience, period);
}
