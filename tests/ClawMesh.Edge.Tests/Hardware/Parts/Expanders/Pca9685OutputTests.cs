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

    private OutputDriver Open(string keys) => (OutputDriver)_bench.Open([], [Entry(keys, 0)]).Actuators[0];

    private static System.Text.Json.Nodes.JsonObject Entry(string keys, int number) =>
        PartBench.Merge(PartBench.OutputEntry("""{ "driver": "pca9685", "bus": "i2c-1", "output": 3 }""", isLevel: true, number: number), keys);

    private Task<DriveResult> Apply(OutputDriver output, OutputValue value) => output.ApplyAsync(_permits.For(output.Id.Value, value), value, CancellationToken.None);

    /// <summary>What of the PCA9685 the driver relies on: the registers for all channels, the prescaler that wants sleep, EXTCLK that sticks.</summary>
    private sealed class PwmModel : FakeByteChip
    {
        public PwmModel() => PowerOn();

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
