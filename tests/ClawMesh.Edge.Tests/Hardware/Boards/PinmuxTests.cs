using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Boards;

public sealed class PinmuxTests : IDisposable
{
    private const string Boot = "11111111-2222-3333-4444-555555555555";
    private const long Pin29 = 0x02430068;

    private readonly ScratchDirectory _root = new();

    public PinmuxTests()
    {
        _root.Put("proc/sys/kernel/random/boot_id", Boot + "\n");
        _root.Put("proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0");
    }

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(0x00000454u, true, true, true, PadPull.Down, false)]
    [InlineData(0x00001008u, false, false, false, PadPull.Up, true)]
    [InlineData(0x00000040u, false, true, false, PadPull.None, false)]
    public void A_pad_register_is_taken_apart(uint value, bool sfio, bool input, bool tristate, PadPull pull, bool schmitt)
    {
        var pad = new PadRegister(value);

        Assert.Equal((sfio, input, tristate, pull, schmitt), (pad.IsSfio, pad.InputEnabled, pad.IsTristate, pad.Pull, pad.Schmitt));
    }

    [Theory]
    [InlineData(0x02430000, true)]
    [InlineData(0x024490fc, true)]
    [InlineData(0x02449100, false)]
    [InlineData(0x0c303048, true)]
    [InlineData(0x0c304000, false)]
    [InlineData(0x02430002, false)]
    [InlineData(0, false)]
    public void Only_pads_of_the_Tegra234_are_pads(long address, bool pad)
    {
        Assert.Equal(pad, PadRegister.IsPad("tegra234", address));
        Assert.False(PadRegister.IsPad("tegra194", address));
        Assert.False(PadRegister.IsPad("", address));
    }

    [Theory]
    [InlineData(0x000u, PadUse.Output, "")]
    [InlineData(0x040u, PadUse.Output, "")]
    [InlineData(0x400u, PadUse.Output, "bit 10 is 1 and must be 0")]
    [InlineData(0x010u, PadUse.Output, "bit 4 is 1 and must be 0")]
    [InlineData(0x040u, PadUse.Input, "")]
    [InlineData(0x050u, PadUse.Input, "")]
    [InlineData(0x000u, PadUse.Input, "bit 6 is 0 and must be 1")]
    [InlineData(0x440u, PadUse.Input, "bit 10 is 1 and must be 0")]
    [InlineData(0x400u, PadUse.Pwm, "")]
    [InlineData(0x000u, PadUse.Pwm, "bit 10 is 0 and must be 1")]
    [InlineData(0x410u, PadUse.Pwm, "bit 4 is 1 and must be 0")]
    public void A_pad_is_judged_by_what_it_is_wanted_for(uint value, PadUse use, string wrong)
    {
        PinmuxVerdict verdict = PinmuxVerdict.Judge(29, Pin29, "soc_gpio32_pq5", new PadRegister(value), use);

        Assert.Equal(wrong.Length == 0 ? PinmuxState.Ok : PinmuxState.Wrong, verdict.State);
        Assert.Contains(wrong, verdict.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_pad_is_named_by_pin_register_and_bit_with_the_line_of_an_overlay()
    {
        PinmuxVerdict verdict = PinmuxVerdict.Judge(29, Pin29, "soc_gpio32_pq5", new PadRegister(0x454), PadUse.Output);

        Assert.Contains("pin 29", verdict.Why, StringComparison.Ordinal);
        Assert.Contains("register 0x02430068 is 0x00000454", verdict.Why, StringComparison.Ordinal);
        Assert.Contains("bit 10 is 1", verdict.Why, StringComparison.Ordinal);
        Assert.Contains("bit 4 is 1", verdict.Why, StringComparison.Ordinal);
        Assert.Contains("nvidia,pins = \"soc_gpio32_pq5\"; nvidia,gpio-mode = <0>; nvidia,tristate = <0>; nvidia,enable-input = <1>;", verdict.Fix, StringComparison.Ordinal);
        Assert.Contains("/opt/nvidia/jetson-io/jetson-io.py", verdict.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void PWM_wants_a_function_and_no_GPIO_in_its_overlay()
    {
        PinmuxVerdict verdict = PinmuxVerdict.Judge(33, 0x02434040, "soc_gpio21_ph0", new PadRegister(0), PadUse.Pwm);

        Assert.Contains("nvidia,pins = \"soc_gpio21_ph0\"; nvidia,function = \"gp\";", verdict.Fix, StringComparison.Ordinal);
        Assert.DoesNotContain("gpio-mode", verdict.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_probe_writes_everybody_reads_in_this_life_of_the_kernel()
    {
        PinmuxTable written = Probe(new FakeMemory { [Pin29] = 0x454 });
        PinmuxFile.Write(_root.Path, written);

        PinmuxReadResult read = PinmuxFile.Read(_root.Path);

        Assert.Equal("", read.Why);
        Assert.Equal((Boot, "orin-nano", 22), (read.Table!.BootId, read.Table.Board, read.Table.Pads.Count));
        Assert.Equal(written.Pads, read.Table.Pads);
        Assert.Equal("0644", UnixMode.Octal(UnixMode.Of(PinmuxFile.PathIn(_root.Path))));
        Assert.Equal(PinmuxState.Wrong, read.Table.Judge(WiringBench.OrinNano.Pin(29)!, PadUse.Output).State);
        Assert.Equal(PinmuxState.Ok, read.Table.Judge(WiringBench.OrinNano.Pin(31)!, PadUse.Output).State);
        Assert.Equal(PinmuxState.Unknown, read.Table.Judge(WiringBench.OrinNano.Pin(3)!, PadUse.Output).State);
    }

    [Fact]
    public void A_file_of_another_boot_is_skipped_with_that_reason()
    {
        PinmuxFile.Write(_root.Path, Probe(new FakeMemory()));
        _root.Put("proc/sys/kernel/random/boot_id", "another");

        PinmuxReadResult read = PinmuxFile.Read(_root.Path);

        Assert.Null(read.Table);
        Assert.Contains("from another boot", read.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"\\ud800\"")]
    [InlineData("""{"schema":2,"bootId":"11111111-2222-3333-4444-555555555555","board":"b","pads":[]}""")]
    [InlineData("""{"schema":1,"bootId":"\ud800","board":"b","pads":[]}""")]
    [InlineData("""{"schema":1,"bootId":"11111111-2222-3333-4444-555555555555","board":"b","pads":[{"pin":1,"register":"0x1","value":"0x100000000"}]}""")]
    [InlineData("""{"schema":1,"bootId":"11111111-2222-3333-4444-555555555555","board":"b","pads":[1]}""")]
    public void A_file_that_is_not_the_probe_s_is_skipped(string text)
    {
        _root.Put("run/clawmesh-edge/pinmux.json", text);

        PinmuxReadResult read = PinmuxFile.Read(_root.Path);

        Assert.Null(read.Table);
        Assert.NotEqual("", read.Why);
    }

    [Fact]
    public void A_file_that_is_too_long_is_not_read()
    {
        _root.Put("run/clawmesh-edge/pinmux.json", new string(' ', 70_000));

        Assert.Contains("70000 bytes", PinmuxFile.Read(_root.Path).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_file_the_person_is_told_how_to_get_one() =>
        Assert.Contains("probe-pinmux", PinmuxFile.Read(_root.Path).Why, StringComparison.Ordinal);

    [Fact]
    public void Only_the_pads_of_a_site_are_read_when_one_is_named()
    {
        var memory = new FakeMemory();
        Site site = WiringBench.Site(
            WiringBench.OnPin("a", 31), WiringBench.OnPin("b", 29), WiringBench.Output("c", "pwm", "pwmChip=32c0000.pwm", "pwmChannel=0"),
            WiringBench.Sensor("d", "bme280", "bus=header-i2c", "address=0x76"));

        PinmuxTable table = PinmuxProbe.Read(_root.Path, WiringBench.OrinNano, site, () => memory);

        Assert.Equal([29, 31, 33], table.Pads.Select(p => p.Pin));
        Assert.Equal([Pin29, 0x02430070, 0x02434040], memory.Asked);
        Assert.True(memory.Disposed);
    }

    [Fact]
    public void On_another_chip_no_address_is_read_whatever_board_is_named()
    {
        _root.Put("proc/device-tree/compatible", "nvidia,p2972-0000\0nvidia,tegra194\0");

        EdgeException fault = Assert.Throws<EdgeException>(() => PinmuxProbe.Read(_root.Path, WiringBench.OrinNano, null, () => throw new InvalidOperationException("opened")));

        Assert.Equal(("pinmux.other_soc", FailureClass.Config), (fault.Code, fault.FailureClass));
        Assert.Contains("tegra194", fault.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_board_without_known_pads_opens_no_memory()
    {
        BoardDefinition nano = new BoardCatalog("/nonexistent").Read("nano").Board!;

        Assert.Empty(PinmuxProbe.Read(_root.Path, nano, null, () => throw new InvalidOperationException("opened")).Pads);
    }

    [Fact]
    public void Without_a_boot_id_nothing_is_written()
    {
        File.Delete(_root.At("proc/sys/kernel/random/boot_id"));

        Assert.Equal("pinmux.no_boot_id", Assert.Throws<EdgeException>(() => Probe(new FakeMemory())).Code);
    }

    private PinmuxTable Probe(FakeMemory memory) => PinmuxProbe.Read(_root.Path, WiringBench.OrinNano, site: null, () => memory);

    private sealed class FakeMemory : IPhysicalMemory
    {
        private readonly Dictionary<long, uint> _values = [];

        public List<long> Asked { get; } = [];

        public bool Disposed { get; private set; }

        public uint this[long address]
        {
            set => _values[address] = value;
        }

        public uint Read32(long address)
        {
            Asked.Add(address);
            return _values.GetValueOrDefault(address);
        }

        public void Dispose() => Disposed = true;
    }
}
