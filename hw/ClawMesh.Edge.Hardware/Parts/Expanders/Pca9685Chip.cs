using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Parts.I2c;

namespace ClawMesh.Edge.Hardware.Parts.Expanders;

/// <summary>
/// Sixteen PWM channels of one frequency. A chip that is not set up as the site says gets every channel at its own safe value first, and
/// off where nothing of the site hangs, so that waking it or changing its frequency energises nothing.
/// </summary>
internal sealed class Pca9685Chip(PartSite site, IReadOnlyDictionary<string, string> wiring) : I2cChip(site, wiring, "PCA9685")
{
    /// <summary>12 bits (7.3.3).</summary>
    public const int Steps = 4096;

    private const int Channels = 16;

    // 7.3, table 4.
    private const byte Mode1 = 0x00;
    private const byte Mode2 = 0x01;
    private const byte FirstChannel = 0x06;
    private const byte PreScale = 0xfe;

    // 7.3.1, table 5: AI; no SLEEP, no ALLCALL: 0x70 belongs to other parts. RESTART, bit 7, says only that channels were running.
    private const byte SleepBit = 0x10;
    private const byte AwakeMode = 0x20;
    private const byte AsleepMode = AwakeMode | SleepBit;
    private const byte Mode1Mask = 0x7f;

    // 7.3.2, table 6: OUTDRV, as after power-on; not inverted.
    private const byte TotemPole = 0x04;

    // 7.3.3: LEDn_ON_H and LEDn_OFF_H, bit 4; full off wins.
    private const byte Full = 0x10;

    // 7.3.5: prescale = round(oscillator / (4096 × frequency)) − 1, 3 to 255.
    private const double OscillatorHz = 25_000_000;

    // A block of the bus: eight channels of four bytes.
    private const int BlockBytes = 32;

    private readonly int[] _safeCounts = new int[Channels];
    private readonly byte _preScale = PreScaleOf(wiring.Number(Pca9685Output.FrequencyKey));

    public static byte PreScaleOf(double hertz) => (byte)Math.Clamp(Math.Round(OscillatorHz / (Steps * hertz)) - 1, 3, 255);

    /// <summary>Tells what a channel must be at whenever the chip is set up anew; "off" would be active for an inverted one. Touches nothing.</summary>
    public void Bind(int channel, int safeCounts)
    {
        lock (Gate) _safeCounts[channel] = safeCounts;
    }

    /// <param name="counts">0 to 4096.</param>
    /// <param name="isSafe">It is the output's safe value: written even if the chip does not take the settings.</param>
    /// <exception cref="EdgeException"><c>part.settings_lost</c>, and what the bus throws.</exception>
    public void Write(int channel, int counts, bool isSafe)
    {
        lock (Gate) Drive(channel, counts, isSafe);
    }

    /// <summary>0 to 4096; null when the chip is asleep, so that it drives nothing.</summary>
    /// <param name="restoreTo">What to write when the chip fell asleep because it lost its supply; null leaves it. Only a safe value belongs here.</param>
    public int? Read(int channel, int? restoreTo)
    {
        lock (Gate)
        {
            // A look that was damaged on its way must not switch off a channel that runs.
            if ((Bus.ReadRegister(Address, Mode1) & SleepBit) != 0 && (ReadTwice(Mode1, "MODE1") & SleepBit) != 0)
            {
                if (restoreTo is { } counts) Drive(channel, counts, isSafe: true);
                return null;
            }

            Span<byte> channelBytes = stackalloc byte[4];
            Bus.ReadBlock(Address, RegisterOf(channel), channelBytes);
            return CountsOf(channelBytes);
        }
    }

    private static byte RegisterOf(int channel) => (byte)(FirstChannel + (4 * channel));

    // ON at step 0 and OFF at step n is high for n steps.
    private static int CountsOf(ReadOnlySpan<byte> channel)
    {
        if ((channel[3] & Full) != 0) return 0;
        if ((channel[1] & Full) != 0) return Steps;
        int on = channel[0] | ((channel[1] & 0x0f) << 8);
        int off = channel[2] | ((channel[3] & 0x0f) << 8);
        return (off - on) & (Steps - 1);
    }

    private void Drive(int channel, int counts, bool isSafe)
    {
        EdgeException? bad = Prepare();
        if (bad is not null && !isSafe) throw bad;

        // One block: the outputs change at its STOP (OCH = 0), never in between. AI is on.
        Span<byte> bytes = stackalloc byte[4];
        Put(bytes, counts);
        Bus.WriteBlock(Address, RegisterOf(channel), bytes);
        if (bad is not null) throw bad;
    }

    // Whoever wants to write needs the settings; whoever wants to be safe writes without them too, and tells afterwards.
    private EdgeException? Prepare()
    {
        try
        {
            EdgeException? bad = Check();
            if (bad is null) return null;
            SetUp();
            return Check();
        }
        catch (EdgeException unsure)
        {
            return unsure;
        }
    }

    private static void Put(Span<byte> channel, int counts)
    {
        channel[0] = 0;
        channel[1] = counts >= Steps ? Full : (byte)0;
        channel[2] = counts >= Steps ? (byte)0 : (byte)counts;
        channel[3] = counts switch { 0 => Full, >= Steps => 0, _ => (byte)(counts >> 8) };
    }

    private void SetUp()
    {
        // As asleep or awake as it is, but with AI, which blocks need. A chip that still runs is safe before anything else changes.
        Bus.WriteRegister(Address, Mode1, (byte)(AwakeMode | (ReadTwice(Mode1, "MODE1") & SleepBit)));
        WriteSafe();
        Bus.WriteRegister(Address, Mode2, TotemPole);
        // The frequency can be set in sleep only.
        Bus.WriteRegister(Address, Mode1, AsleepMode);
        Bus.WriteRegister(Address, PreScale, _preScale);
        // The check that follows gives the oscillator its 500 µs; a channel written sooner has one irregular period.
        Bus.WriteRegister(Address, Mode1, AwakeMode);
        // 7.3.1.1: sleep stops the channels; a write starts them.
        WriteSafe();
    }

    private void WriteSafe()
    {
        Span<byte> block = stackalloc byte[BlockBytes];
        for (int first = 0; first < Channels; first += BlockBytes / 4)
        {
            for (int i = 0; i < BlockBytes / 4; i++) Put(block.Slice(4 * i, 4), _safeCounts[first + i]);
            Bus.WriteBlock(Address, RegisterOf(first), block);
        }
    }

    private EdgeException? Check() => Differs(Mode1, "MODE1", AwakeMode, Mode1Mask) ?? Differs(Mode2, "MODE2", TotemPole, 0xff) ?? Differs(PreScale, "PRE_SCALE", _preScale, 0xff);

    private EdgeException? Differs(byte register, string name, byte wanted, byte mask)
    {
        byte seen = Bus.ReadRegister(Address, register);
        // Setting up takes the other channels to their safe values: not for one bit that flipped on its way.
        if ((seen & mask) != wanted) seen = ReadTwice(register, name);
        return (seen & mask) == wanted ? null : SettingsLost(name, wanted, seen);
    }
}
