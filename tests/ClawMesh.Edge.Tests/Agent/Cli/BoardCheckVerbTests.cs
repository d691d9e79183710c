using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Tests.Hardware.Boards;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class BoardCheckVerbTests : IDisposable
{
    private const string Machine = "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0";

    private readonly CliBench _cli = new();

    public BoardCheckVerbTests() => _cli.Put("proc/sys/kernel/random/boot_id", "boot");

    private string Root => _cli.At("");

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_simulated_site_has_nothing_to_conflict_with()
    {
        JsonElement data = await _cli.JsonAsync(0, "board check", "ok", "board", "check");

        Assert.Equal("simulated", data.GetProperty("board").GetString());
        Assert.Equal(0, data.GetProperty("conflicts").GetArrayLength());
        Assert.Equal(0, await _cli.RunAsync("board", "check", "--site", "simulated"));
        Assert.Contains("No conflicts.", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_site_that_cannot_be_used_is_bad_configuration() =>
        await _cli.FailsAsync(2, "site.invalid", "board", "check", "--site", _cli.Put("bad.json", "{}"));

    [Fact]
    public async Task A_board_nobody_knows_is_bad_configuration() => await _cli.FailsAsync(2, "board.invalid", "board", "check", "--board", "tx9");

    [Fact]
    public void On_another_machine_only_the_files_are_looked_at_and_that_is_told()
    {
        var ports = new ListedPorts(Root) { Fault = new InvalidOperationException("asked") };

        BoardCheckVerb.CheckReport report = BoardCheckVerb.Check(WiringBench.Site(WiringBench.OnPin("a", 29), WiringBench.OnPin("b", 29)), "bench", machine: null, ports);

        Assert.StartsWith("not looked at: this machine is no known board", report.Kernel, StringComparison.Ordinal);
        Assert.StartsWith("skipped", report.Pinmux, StringComparison.Ordinal);
        Assert.Equal(ReportStatus.Fail, report.Status);
        Assert.Single(report.Conflicts);
    }

    [Fact]
    public void On_the_board_itself_the_kernel_and_the_pads_are_looked_at()
    {
        _cli.Put("proc/device-tree/compatible", Machine);
        PinmuxFile.Write(Root, new PinmuxTable("boot", "orin-nano", [new PinmuxEntry(29, 0x02430068, new PadRegister(0x400))]));

        BoardCheckVerb.CheckReport report = BoardCheckVerb.Check(
            WiringBench.Site(WiringBench.OnPin("a", 29)), "bench", machine: null, new ListedPorts(Root, ListedPorts.Orin(ListedPorts.Line(105, "PQ.05", "motor", used: true))));

        Assert.Equal(("looked at", "looked at"), (report.Kernel, report.Pinmux));
        Assert.Equal(2, report.Conflicts.Count);
    }

    [Fact]
    public void A_person_may_say_which_board_the_machine_is()
    {
        BoardCheckVerb.CheckReport report = BoardCheckVerb.Check(WiringBench.Site(WiringBench.OnPin("a", 29)), "bench", "orin-nano", new ListedPorts(Root, ListedPorts.Orin()));

        Assert.Equal("looked at", report.Kernel);
        Assert.Contains("no line 'PQ.05'", Assert.Single(report.Conflicts).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_carrier_than_the_board_s_is_a_warning()
    {
        _cli.Put("proc/device-tree/compatible", Machine);
        _cli.Put("proc/device-tree/chosen/ids", "3767-0005-300 9999-0000-100");

        BoardCheckVerb.CheckReport report = BoardCheckVerb.Check(WiringBench.Site(), "bench", machine: null, new ListedPorts(Root));

        Assert.Equal((ReportStatus.Warn, ProblemSeverity.Warning), (report.Status, Assert.Single(report.Conflicts).Severity));
    }

    [Fact]
    public void The_probe_tells_what_it_read_and_leaves_it_for_the_node()
    {
        _cli.Put("proc/device-tree/compatible", Machine);

        BoardProbeVerb.ProbeReport report = BoardProbeVerb.Probe(Root, BoardProbeVerb.Detect(BoardMatch.Find(Root, new BoardCatalog("/nonexistent"))), site: null, () => new Pads());

        Assert.Equal(22, report.Table.Pads.Count);
        Assert.Equal(22, PinmuxFile.Read(Root).Table!.Pads.Count);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) report.WriteData(writer);
        using JsonDocument data = JsonDocument.Parse(buffer.ToArray());
        JsonElement pad = data.RootElement.GetProperty("pads")[0];
        Assert.Equal((7, "0x02448030", "0x00000454", "SFIO", true, true, "down"), (
            pad.GetProperty("pin").GetInt32(), pad.GetProperty("register").GetString(), pad.GetProperty("value").GetString(), pad.GetProperty("owner").GetString(),
            pad.GetProperty("tristate").GetBoolean(), pad.GetProperty("input").GetBoolean(), pad.GetProperty("pull").GetString()));
        using var output = new StringWriter();
        new CliContext(json: false, null, verbose: false, output, TextWriter.Null, TimeProvider.System).Write(report);
        Assert.Contains("soc_gpio59_pac6", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Registers_are_for_root_and_an_unknown_machine_has_none()
    {
        EdgeException user = Assert.Throws<EdgeException>(() => BoardProbeVerb.RequireRoot(1000));
        EdgeException unknown = Assert.Throws<EdgeException>(() => BoardProbeVerb.Detect(BoardMatch.Find(Root, new BoardCatalog("/nonexistent"))));

        Assert.Equal(("pinmux.needs_root", FailureClass.Auth), (user.Code, user.FailureClass));
        Assert.Equal(("board.unknown", 2), (unknown.Code, ExitCodes.For(unknown)));
        BoardProbeVerb.RequireRoot(0);
    }

    [Fact]
    public async Task A_board_is_shown_with_its_pins_and_buses()
    {
        JsonElement data = await _cli.JsonAsync(0, "board show", "ok", "board", "show", "orin-nano");

        JsonElement pin = data.GetProperty("pins").EnumerateArray().Single(p => p.GetProperty("pin").GetInt32() == 29);
        Assert.Equal(("PQ.05", "0x02430068"), (pin.GetProperty("gpio").GetProperty("line").GetString(), pin.GetProperty("gpio").GetProperty("pad").GetString()));
        Assert.Contains(data.GetProperty("buses").EnumerateArray(), b => b.GetProperty("ownDevices").GetArrayLength() == 2);
        Assert.Equal(0, await _cli.RunAsync("board", "show", "orin-nano"));
        Assert.Matches(@"29 .*tegra234-gpio +PQ\.05 +105", _cli.Output);
        Assert.Contains("0x40 INA3221", _cli.Output, StringComparison.Ordinal);
    }

    private sealed class Pads : IPhysicalMemory
    {
        public uint Read32(long address) => 0x454;

        public void Dispose()
        {
        }
    }
}
