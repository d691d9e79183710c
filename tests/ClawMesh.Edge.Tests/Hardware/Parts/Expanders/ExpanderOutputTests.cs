using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Hardware.Outputs;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Expanders;

public sealed class ExpanderOutputTests : IDisposable
{
    private readonly PartBench _bench = new();
    private readonly TestPermits _permits = new(new ManualTime());
    private readonly PinModel _chip;

    public ExpanderOutputTests() => _chip = _bench.I2c.Add(0x21, new PinModel(latch: 2, direction: 6));

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void The_latch_is_written_before_the_direction_so_that_the_pin_never_glitches()
    {
        // After power-on the latch of a PCA9555 is high everywhere.
        OutputDriver output = Open(5);
        _chip.Writes = [];

        output.MakeSafe(SafeCause.Start);

        Assert.Equal(new FakeRegisterWrite(2, 0xdf), _chip.Writes[0]);
        Assert.Equal(new FakeRegisterWrite(6, 0xdf), _chip.Writes[1]);
        Assert.Equal(0, _chip.EverHigh);
    }

    [Fact]
    public void Other_pins_are_left_as_they_are()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            byte[] before = new byte[4];
            random.NextBytes(before);
            _chip.Set(2, before.AsSpan(0, 2));
            _chip.Set(6, before.AsSpan(2, 2));
            int pin = random.Next(16);
            using var bench = new PartBench();
            bench.I2c.Add(0x21, _chip);

            Open(bench, pin).MakeSafe(SafeCause.Start);

            (int port, int mask) = (pin / 8, 1 << (pin % 8));
            Assert.Equal(before[port] & ~mask, _chip[2 + port] & ~mask);
            Assert.Equal(before[2 + port] & ~mask, _chip[6 + port] & ~mask);
            Assert.Equal(before[1 - port], _chip[2 + 1 - port]);
            Assert.Equal(before[3 - port], _chip[6 + 1 - port]);
            Assert.Equal(0, (_chip[2 + port] | _chip[6 + port]) & mask);
        }
    }

    [Fact]
    public void A_look_at_an_output_that_was_never_driven_changes_nothing()
    {
        OutputDriver output = Open(5);
        _chip.Writes = [];

        Assert.Null(output.ReadBack());
        Assert.Empty(_chip.Writes);
    }

    [Fact]
    public async Task A_chip_that_lost_its_supply_is_not_at_its_commanded_state_and_is_set_up_again_at_the_safe_one()
    {
        OutputDriver output = Open(5);
        await Apply(output, OutputValue.Active);
        Assert.Equal(OutputValue.Active, output.ReadBack());

        _chip.PowerOn();
        _chip.EverHigh = 0;

        Assert.Null(output.ReadBack());
        Assert.Equal(OutputValue.Inactive, output.ReadBack());
        Assert.Equal(0, _chip.EverHigh);
        await Apply(output, OutputValue.Active);
        Assert.Equal(OutputValue.Active, output.ReadBack());
    }

    [Fact]
    public async Task A_write_to_a_chip_that_lost_its_supply_sets_it_up()
    {
        OutputDriver output = Open(5);
        await Apply(output, OutputValue.Active);
        _chip.PowerOn();

        SafeResult safe = output.MakeSafe(SafeCause.LeaseEnd);

        Assert.True(safe.Confirmed);
        Assert.True(safe.WasEnergised);
        Assert.Equal(OutputValue.Inactive, output.ReadBack());
    }

    [Fact]
    public async Task A_latch_that_does_not_take_its_value_is_a_fault_and_its_pin_is_not_switched_on()
    {
        OutputDriver output = Open(5);
        output.MakeSafe(SafeCause.Start);
        _chip.StuckRegister = 2;

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => Apply(output, OutputValue.Active));

        Assert.Equal("part.settings_lost", fault.Code);
        Assert.Equal(0, _chip.EverHigh);
    }

    [Fact]
    public async Task A_bit_that_flips_once_on_the_wire_switches_no_other_pin()
    {
        OutputDriver output = Open(5);
        output.MakeSafe(SafeCause.Start);
        _chip[6] = 0;
        _chip[2] = 0;
        _chip.EverHigh = 0;
        _chip.FlipOnce = 0x81;

        await Apply(output, OutputValue.Active);

        Assert.Equal(1 << 5, _chip.EverHigh);
    }

    // "part.settings_lost" was thrown before anything was written: the pump ran on.
    [Fact]
    public async Task Reads_that_never_agree_keep_no_output_from_its_safe_value_nor_move_another()
    {
        IReadOnlyList<OutputDriver> outputs = [.. _bench.Open([], [Entry(5, 0), Entry(6, 1)]).Actuators.Cast<OutputDriver>()];
        foreach (OutputDriver output in outputs) output.MakeSafe(SafeCause.Start);
        await Apply(outputs[0], OutputValue.Active);
        await Apply(outputs[1], OutputValue.Active);
        _chip.EverHigh = 0;
        byte noise = 0;
        _chip.Noise = () => (byte)(++noise & 0x1f);

        SafeResult safe = outputs[0].MakeSafe(SafeCause.LeaseEnd);
        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => Apply(outputs[0], OutputValue.Active));

        Assert.False(safe.Confirmed);
        Assert.Equal("part.settings_lost", fault.Code);
        Assert.Equal(1 << 6, _chip[2] & ~_chip[6] & 0xff);
        Assert.Equal(0, _chip.EverHigh & ~((1 << 6) | (1 << 5)));
    }

    [Fact]
    public void Reads_that_never_agreed_since_the_start_leave_every_pin_of_the_site_at_its_safe_level()
    {
        IReadOnlyList<OutputDriver> outputs = [.. _bench.Open([], [Entry(5, 0), PartBench.Merge(Entry(6, 1), """{ "activeLow": true }""")]).Actuators.Cast<OutputDriver>()];
        _chip.Set(2, 0x20);
        _chip.Set(6, 0x00);
        byte noise = 0;
        _chip.Noise = () => (byte)(++noise & 0x1f);

        outputs[0].MakeSafe(SafeCause.Start);

        Assert.Equal((0x40, 0x9f), (_chip[2] & 0x60, _chip[6]));
    }

    [Fact]
    public async Task A_look_that_is_damaged_once_switches_no_driven_pin_off()
    {
        OutputDriver output = Open(5);
        await Apply(output, OutputValue.Active);
        _chip.FlipDirectionOnce = true;

        Assert.Equal(OutputValue.Active, output.ReadBack());
        Assert.NotEqual(0, _chip[2] & 0x20);
    }

    [Fact]
    public async Task Outputs_of_one_chip_do_not_lose_each_other_s_writes()
    {
        IReadOnlyList<OutputDriver> outputs = [.. _bench.Open([], [.. Enumerable.Range(0, 8).Select(i => Entry(i, i))]).Actuators.Cast<OutputDriver>()];
        await Task.WhenAll(outputs.Select((output, pin) => Task.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                output.MakeSafe(SafeCause.Start);
                if (pin % 2 == 0) await output.ApplyAsync(_permits.For(output.Id.Value, OutputValue.Active), OutputValue.Active, CancellationToken.None);
            }
        })));

        Assert.Equal(0b0101_0101, _chip[2]);
        Assert.Equal(0, _chip[6]);
    }

    [Fact]
    public void A_silent_chip_makes_the_safe_write_fail_and_not_throw()
    {
        OutputDriver output = Open(5);
        _bench.I2c.Fail(0x21, FakeI2cFault.NoAnswer);

        SafeResult safe = output.MakeSafe(SafeCause.Start);

        Assert.False(safe.Confirmed);
        Assert.Contains("Nobody acknowledged", safe.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_MCP23017_with_banked_registers_is_brought_back_to_the_usual_arrangement()
    {
        FakeByteChip chip = _bench.I2c.Add(0x20, new FakeByteChip());
        // BANK = 1: IOCON at 0x05 and 0x15.
        (chip[0x05], chip[0x15]) = (0x80, 0x80);
        chip.Writes = [];

        _bench.Output("""{ "driver": "mcp23017", "bus": "i2c-1", "output": 9 }""").MakeSafe(SafeCause.Start);

        Assert.Equal(new FakeRegisterWrite(0x05, 0x00), chip.Writes[0]);
    }

    [Theory]
    [InlineData("""{ "output": 3 }""", """{ "output": 3 }""", "uses already")]
    [InlineData("""{ "output": 3 }""", """{ "output": 3, "bus": "/dev/i2c-1" }""", "uses already")]
    [InlineData("""{ "output": 3 }""", """{ "output": 4, "driver": "mcp23017" }""", "has a pca9555")]
    [InlineData("""{ "output": 3 }""", """{ "output": 16 }""", "from 0 to 15")]
    [InlineData("""{ "driver": "pca9685", "address": "0x60", "output": 3 }""", """{ "driver": "pca9685", "address": "0x60", "output": 4, "frequency": 50 }""", "one frequency")]
    public void A_site_that_shares_what_cannot_be_shared_is_refused(string first, string second, string because)
    {
        var read = PartBench.Read([], [PartBench.Merge(Entry(3, 0), first), PartBench.Merge(Entry(3, 1), second)]);

        Assert.Contains(read.Problems, p => p.What.Contains(because, StringComparison.Ordinal));
        Assert.Null(read.Site);
    }

    private OutputDriver Open(int pin) => Open(_bench, pin);

    private static OutputDriver Open(PartBench bench, int pin) => (OutputDriver)bench.Open([], [Entry(pin, 0)]).Actuators[0];

    private static System.Text.Json.Nodes.JsonObject Entry(int pin, int number) =>
        PartBench.OutputEntry($$"""{ "driver": "pca9555", "bus": "i2c-1", "address": "0x21", "output": {{pin}} }""", number: number);

    private Task<DriveResult> Apply(OutputDriver output, OutputValue value) => output.ApplyAsync(_permits.For(output.Id.Value, value), value, CancellationToken.None);

    /// <summary>A PCA9555 that remembers which pins of port 0 ever drove high.</summary>
    private sealed class PinModel : FakeByteChip
    {
        private readonly int _latch;
        private readonly int _direction;

        public PinModel(int latch, int direction)
        {
            (_latch, _direction) = (latch, direction);
            PowerOn();
        }

        public int EverHigh { get; set; }

        public int StuckRegister { get; set; } = -1;

        /// <summary>XORed once into what the next read of the latch answers.</summary>
        public byte FlipOnce { get; set; }

        /// <summary>XORed into what each read answers.</summary>
        public Func<byte>? Noise { get; set; }

        public bool FlipDirectionOnce { get; set; }

        public void PowerOn()
        {
            foreach (int register in new[] { _latch, _direction }) Set(register, 0xff, 0xff);
        }

        public override void Read(Span<byte> bytes)
        {
            byte first = 0;
            void Remember(byte register) => first = register;
            Reading = Remember;
            base.Read(bytes);
            if (Noise is not null) bytes[0] ^= Noise();
            if (first == _direction && FlipDirectionOnce) (bytes[0], FlipDirectionOnce) = ((byte)~bytes[0], false);
            if (first != _latch || FlipOnce == 0) return;
            bytes[0] ^= FlipOnce;
            FlipOnce = 0;
        }

        protected override void Store(byte register, byte value)
        {
            if (register != StuckRegister) base.Store(register, value);
            EverHigh |= this[_latch] & ~this[_direction];
        }
    }
}
