using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Parts.Expanders;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Hardware.Outputs;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Expanders;

public sealed class Pca9685OutputTests : IDisposable
{
    private readonly PartBench _bench = new();
    private readonly TestPermits _permits = new(new ManualTime());
    private readonly PwmModel _chip;

    public Pca9685OutputTests() => _chip = _bench.I2c.Add(0x40, new PwmModel());

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(0.00001)]
    [InlineData(0.0003)]
    [InlineData(1.0 / 3)]
    [InlineData(0.5)]
    [InlineData(0.99999)]
    [InlineData(1)]
    public async Task A_ratio_comes_back_within_a_step(double ratio)
    {
        OutputDriver output = Open("{}");

        await Apply(output, new OutputValue(ratio));

        Assert.Equal(ratio, output.ReadBack()!.Value.Ratio, 1.0 / 4096);
        Assert.Equal(ratio, _chip.Duty(3), 1.0 / 4096);
    }

    [Theory]
    [InlineData(24, 253)]
    [InlineData(50, 121)]
    [InlineData(200, 30)]
    [InlineData(1526, 3)]
    public void The_prescaler_is_the_datasheet_s(double hertz, int prescale)
    {
        Assert.Equal(prescale, Pca9685Chip.PreScaleOf(hertz));
    }

    [Fact]
    public void A_chip_that_sleeps_over_old_duties_wakes_with_all_channels_off()
    {
        for (int channel = 0; channel < 16; channel++) _chip.Set(6 + (4 * channel), 0, 0x10, 0, 0);
        OutputDriver output = Open("{}");

        Assert.True(output.MakeSafe(SafeCause.Start).Confirmed);

        Assert.False(_chip.IsAsleep);
        for (int channel = 0; channel < 16; channel++) Assert.Equal(0, _chip.Duty(channel));
    }

    [Fact]
    public async Task Another_channel_keeps_its_duty()
    {
        IReadOnlyList<OutputDriver> outputs = [.. _bench.Open([], [Entry("{}", 0), Entry("""{ "output": 4 }""", 1)]).Actuators.Cast<OutputDriver>()];
        await Apply(outputs[0], new OutputValue(0.25));
        await Apply(outputs[1], new OutputValue(0.75));
        outputs[1].MakeSafe(SafeCause.LeaseEnd);

        Assert.Equal(0.25, _chip.Duty(3), 0.001);
        Assert.Equal(0, _chip.Duty(4));
    }

    [Fact]
    public async Task A_chip_that_lost_its_supply_drives_nothing_and_is_set_up_again_at_the_safe_value()
    {
        OutputDriver output = Open("""{ "frequency": 50 }""");
        await Apply(output, new OutputValue(0.5));
        _chip.PowerOn();

        Assert.Null(output.ReadBack());
        Assert.Equal(OutputValue.Inactive, output.ReadBack());
        Assert.Equal(121, _chip[0xfe]);
        await Apply(output, new OutputValue(0.5));
        Assert.Equal(0.5, _chip.Duty(3));
    }

    [Fact]
    public void A_look_at_a_channel_that_was_never_driven_changes_nothing()
    {
        OutputDriver output = Open("{}");
        _chip.Writes = [];

        Assert.Null(output.ReadBack());
        Assert.Empty(_chip.Writes);
    }

    [Fact]
    public async Task A_chip_that_refuses_its_settings_is_not_energised_and_is_made_safe_all_the_same()
    {
        OutputDriver output = Open("{}");
        // EXTCLK is cleared by power-off only.
        _chip[0] = 0x40;
        _chip.Set(6 + 12, 0, 0x10, 0, 0);

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => Apply(output, OutputValue.Active));
        Assert.Equal("part.settings_lost", fault.Code);
        Assert.Equal(0, _chip.Duty(3));
        output.MakeSafe(SafeCause.Fault);

        Assert.Equal(0x10, _chip[6 + 12 + 3]);
    }

    [Fact]
    public async Task An_inverted_output_is_at_rest_while_its_channel_is_high()
    {
        OutputDriver output = Open("""{ "inverted": true }""");

        output.MakeSafe(SafeCause.Start);
        Assert.Equal(1, _chip.Duty(3));
        await Apply(output, new OutputValue(0.25));
        Assert.Equal(0.75, _chip.Duty(3), 0.001);
        Assert.Equal(0.25, output.ReadBack()!.Value.Ratio, 0.001);
    }

    // One unrepeated look decided to set the chip up anew, which switched the other channels over.
    [Theory]
    [InlineData(0x00)]
    [InlineData(0x01)]
    [InlineData(0xfe)]
    public async Task A_bit_that_flips_once_on_the_wire_moves_no_other_channel(int register)
    {
        IReadOnlyList<OutputDriver> outputs = OpenFour();
        await Apply(outputs[1], new OutputValue(0.75));
        _chip.Watch();
        _chip.FlipOnce = register;

        Assert.True(outputs[0].MakeSafe(SafeCause.LeaseEnd).Confirmed);
        await Apply(outputs[0], new OutputValue(0.25));

        Assert.Equal(-1, _chip.FlipOnce);
        Assert.Equal((0.75, 0.75), (_chip.Lowest[4], _chip.Highest[4]));
        Assert.Equal((1.0, 1.0), (_chip.Lowest[5], _chip.Highest[5]));
    }

    // Setting the chip up wrote "all off", which is full power for an inverted channel and for one whose safe value is active.
    [Fact]
    public async Task Setting_the_chip_up_anew_energises_no_channel_and_takes_each_to_its_own_safe_value()
    {
        IReadOnlyList<OutputDriver> outputs = OpenFour();
        await Apply(outputs[1], new OutputValue(0.75));
        _chip.Watch();
        // Another program changed the frequency; the chip runs on.
        _chip[0xfe] = 121;

        await Apply(outputs[0], new OutputValue(0.5));

        Assert.Equal(0x1e, _chip[0xfe]);
        // The plain one may rest; the inverted one and the one that is safe when active must never have been low.
        Assert.Equal((0, 1.0, 1.0), (_chip.Duty(4), _chip.Duty(5), _chip.Duty(6)));
        Assert.Equal((1.0, 1.0), (_chip.Lowest[5], _chip.Lowest[6]));
        Assert.Equal(0.75, _chip.Highest[4]);
        Assert.Equal(0.5, _chip.Duty(3));
    }

    [Fact]
    public async Task A_look_that_is_damaged_once_switches_no_running_channel_off()
    {
        OutputDriver output = Open("{}");
        await Apply(output, new OutputValue(0.5));
        _chip.FlipOnce = 0;

        Assert.Equal(0.5, output.ReadBack()!.Value.Ratio, 0.001);
        Assert.Equal(0.5, _chip.Duty(3));
    }

    [Fact]
    public void Noise_on_every_look_keeps_no_channel_from_its_safe_value()
    {
        OutputDriver output = Open("{}");
        output.MakeSafe(SafeCause.Start);
        _chip.Set(6 + 12, 0, 0x10, 0, 0);
        byte noise = 0;
        _chip.Noise = _ => ++noise;

        output.MakeSafe(SafeCause.Fault);

        Assert.Equal(0, _chip.Duty(3));
    }

    // Channel 3 and 4 plain, 5 inverted, 6 safe when active; all at their safe values.
    private IReadOnlyList<OutputDriver> OpenFour()
    {
        IReadOnlyList<OutputDriver> outputs =
        [
            .. _bench.Open([], [Entry("{}", 0), Entry("""{ "output": 4 }""", 1), Entry("""{ "output": 5, "inverted": true }""", 2), Entry("""{ "output": 6, "safe": "active" }""", 3)]).Actuators.Cast<OutputDriver>(),
        ];
        foreach (OutputDriver output in outputs) output.MakeSafe(SafeCause.Start);
        return outputs;
    }

    private OutputDriver Open(string keys) => (OutputDriver)_bench.Open([], [Entry(keys, 0)]).Actuators[0];

    private static System.Text.Json.Nodes.JsonObject Entry(string keys, int number) =>
        PartBench.Merge(PartBench.OutputEntry("""{ "driver": "pca9685", "bus": "i2c-1", "output": 3 }""", isLevel: true, number: number), keys);

    private Task<DriveResult> Apply(OutputDriver output, OutputValue value) => output.ApplyAsync(_permits.For(output.Id.Value, value), value, CancellationToken.None);

    /// <summary>What of the PCA9685 the driver relies on: the registers for all channels, the prescaler that wants sleep, EXTCLK that sticks.</summary>
    private sealed class PwmModel : FakeByteChip
    {
        private byte _register;

        public PwmModel()
        {
            Reading = register => _register = register;
            PowerOn();
        }

        /// <summary>This register reads with all bits flipped, once; −1 for none.</summary>
        public int FlipOnce { get; set; } = -1;

        /// <summary>XORed into what a single register reads.</summary>
        public Func<byte, byte>? Noise { get; set; }

        public double[] Lowest { get; } = new double[16];

        public double[] Highest { get; } = new double[16];

        /// <summary>From now on the lowest and highest duty of each channel are remembered; sleep holds what was.</summary>
        public void Watch()
        {
            for (int channel = 0; channel < 16; channel++) (Lowest[channel], Highest[channel]) = (Duty(channel), Duty(channel));
        }

        public override void Write(ReadOnlySpan<byte> bytes)
        {
            base.Write(bytes);
            if (IsAsleep) return;
            for (int channel = 0; channel < 16; channel++)
                (Lowest[channel], Highest[channel]) = (Math.Min(Lowest[channel], Duty(channel)), Math.Max(Highest[channel], Duty(channel)));
        }

        public override void Read(Span<byte> bytes)
        {
            base.Read(bytes);
            if (bytes.Length != 1) return;
            if (Noise is not null) bytes[0] ^= Noise(_register);
            if (_register != FlipOnce) return;
            bytes[0] ^= 0xff;
            FlipOnce = -1;
        }

        public bool IsAsleep => (this[0] & 0x10) != 0;

        public void PowerOn()
        {
            Set(0, 0x11, 0x04);
            for (int channel = 0; channel < 16; channel++) Set(6 + (4 * channel), 0, 0, 0, 0x10);
            this[0xfe] = 0x1e;
        }

        public double Duty(int channel)
        {
            int at = 6 + (4 * channel);
            if (IsAsleep || (this[at + 3] & 0x10) != 0) return 0;
            if ((this[at + 1] & 0x10) != 0) return 1;
            return (((this[at + 2] | (this[at + 3] << 8)) - (this[at] | (this[at + 1] << 8))) & 4095) / 4096.0;
        }

        protected override void Store(byte register, byte value)
        {
            switch (register)
            {
                case 0x00:
                    base.Store(register, (byte)(value | (this[0] & 0x40)));
                    break;
                case >= 0xfa and <= 0xfd:
                    for (int channel = 0; channel < 16; channel++) this[6 + (4 * channel) + register - 0xfa] = value;
                    break;
                case 0xfe when !IsAsleep:
                    break;
                default:
                    base.Store(register, value);
                    break;
            }
        }
    }
}
