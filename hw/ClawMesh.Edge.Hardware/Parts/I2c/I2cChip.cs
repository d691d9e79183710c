using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.I2c;

namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>One chip of a site: everything wired to it shares this object and its <see cref="Gate"/>.</summary>
internal abstract class I2cChip : IDisposable
{
    /// <summary>How many more looks a register gets whose reads do not agree.</summary>
    protected const int MoreLooks = 4;

    private readonly IHardwarePorts _ports;

    protected I2cChip(PartSite site, IReadOnlyDictionary<string, string> wiring, string title)
    {
        Bus = site.Buses.I2c(wiring.Text(BusKeys.Bus));
        Address = wiring.Address();
        Title = title;
        _ports = site.Ports;
    }

    public II2cBus Bus { get; }

    protected int Address { get; }

    /// <summary>Held over transfers that belong together.</summary>
    protected Lock Gate { get; } = new();

    private string Title { get; }

    private string Name => $"{Title} at 0x{Address:x2} on {Bus.Device}";

    /// <summary>The chip these keys name, made at the first asking. Two names of one bus lead to one chip.</summary>
    public static T Of<T>(PartSite site, IReadOnlyDictionary<string, string> wiring, string driver, Func<T> make)
        where T : I2cChip =>
        site.Buses.Shared($"{driver} {BusNames.Device(site.Ports.Root, site.Board, wiring.Text(BusKeys.Bus), BusNames.I2c)} {wiring.Address():x2}", make);

    public virtual void Dispose()
    {
    }

    /// <summary>Waits for the chip, on the thread of its bus.</summary>
    protected void Wait(TimeSpan span) => _ports.Wait(span);

    /// <summary>What two reads in a row agree on: I2C has no checksum, and what is believed here decides what is written.</summary>
    /// <exception cref="EdgeException"><c>part.settings_lost</c> when no two agree.</exception>
    protected byte ReadTwice(byte register, string name)
    {
        byte first = Bus.ReadRegister(Address, register);
        for (int i = 0; i < MoreLooks; i++)
        {
            byte second = Bus.ReadRegister(Address, register);
            if (second == first) return first;
            first = second;
        }

        throw SettingsLost(name, first, Bus.ReadRegister(Address, register));
    }

    protected EdgeException WrongChip(string seen, string fix) => new(
        "part.wrong_chip", $"Could not use the {Name}.", seen, fix, FailureClass.Config);

    /// <param name="rail">The value seen, and the end of the range it stands at.</param>
    protected EdgeException AtRail(string rail, string fix) => new(
        "part.at_rail", $"The {Name} gives no value to believe.", rail, fix, FailureClass.OutOfRange);

    protected EdgeException NotReady() => new(
        "part.not_ready",
        $"The {Name} did not finish a measurement.",
        "It still says busy after several times the datasheet's longest conversion.",
        "Check its supply voltage; switch the part off and on.",
        FailureClass.BusIo);

    protected EdgeException BadChecksum(int seen, int computed) => new(
        "part.bad_checksum",
        $"The answer of the {Name} was damaged on its way.",
        $"Its checksum is 0x{seen:x2}; the bytes that came give 0x{computed:x2}.",
        "Shorten or shield the wires, keep them away from pumps and valves, use stronger pull-ups or a lower bus clock.",
        FailureClass.BusIo);

    protected EdgeException SettingsLost(string register, int wanted, int seen) => new(
        "part.settings_lost",
        $"The {Name} does not keep its settings.",
        $"Its {register} register was set to 0x{wanted:x2} and reads 0x{seen:x2}; it was reset in between, or another program writes to it.",
        "Check that its supply does not dip, and that nobody else uses the part.",
        FailureClass.BusIo);
}
