using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Parts.I2c;

namespace ClawMesh.Edge.Hardware.Parts.Expanders;

/// <summary>
/// One GPIO expander and its pins. Every call looks at the registers, so that a chip that was switched off in between, or that somebody
/// else writes to, is seen as it is. Other pins are left as they are. What was last believed serves only a safe write that cannot look.
/// </summary>
internal sealed class ExpanderChip(PartSite site, IReadOnlyDictionary<string, string> wiring, ExpanderModel model) : I2cChip(site, wiring, model.Chip)
{
    // MCP23017, 3.2.1 and 3.5.6: IOCON in the arrangement BANK = 1; in the usual one these are GPINTENB and OLATB.
    private const byte BankedControlA = 0x05;
    private const byte BankedControlB = 0x15;
    private const byte BankBit = 0x80;

    // What is believed of each port: what was last read or written. Before that, the site's pins at their safe levels and the others not driven.
    private readonly byte[] _latch = new byte[model.Pins / 8];
    private readonly byte[] _direction = NotDriven(model.Pins / 8);

    /// <summary>Tells the safe level of a pin of the site. Touches nothing.</summary>
    public void Bind(int pin, bool safeHigh)
    {
        (byte port, byte mask) = Place(pin);
        lock (Gate)
        {
            _latch[port] = With(_latch[port], mask, safeHigh);
            _direction[port] = With(_direction[port], mask, false);
        }
    }

    /// <summary>Drives a pin. The latch is written before the direction: a pin that was an input never shows what the latch held before.</summary>
    /// <param name="isSafe">It is the output's safe value: written even if the registers cannot be read.</param>
    /// <exception cref="EdgeException"><c>part.settings_lost</c>, and what the bus throws.</exception>
    public void Write(int pin, bool high, bool isSafe)
    {
        lock (Gate) Drive(pin, high, isSafe);
    }

    /// <summary>Whether a pin drives high. Null when it is an input, so that nothing drives it.</summary>
    /// <param name="restoreTo">
    /// Where to drive a pin that was an output and is an input again, because the chip lost its supply; null leaves it. Only a safe
    /// value belongs here.
    /// </param>
    public bool? Read(int pin, bool? restoreTo)
    {
        (byte port, byte mask) = Place(pin);
        lock (Gate)
        {
            byte register = (byte)(model.Direction + port);
            // A look that was damaged on its way must not switch off a pin that drives.
            bool isInput = (Bus.ReadRegister(Address, register) & mask) != 0 && (ReadTwice(register, "direction") & mask) != 0;
            if (!isInput) return (Bus.ReadRegister(Address, (byte)(model.Latch + port)) & mask) != 0;
            if (restoreTo is { } high) Drive(pin, high, isSafe: true);
            return null;
        }
    }

    private void Drive(int pin, bool high, bool isSafe)
    {
        (byte port, byte mask) = Place(pin);
        EdgeException? unsure = null;
        if (model.HasBanks) RestoreBanks(isSafe);
        Set((byte)(model.Latch + port), mask, high, "latch", isSafe, ref _latch[port], ref unsure);
        Set((byte)(model.Direction + port), mask, false, "direction", isSafe, ref _direction[port], ref unsure);
        if (unsure is not null) throw unsure;
    }

    // One bit of a register, and a look whether it is there.
    private void Set(byte register, byte mask, bool one, string name, bool isSafe, ref byte believed, ref EdgeException? unsure)
    {
        try
        {
            // What is read is written back for the other pins.
            believed = ReadTwice(register, name);
        }
        catch (EdgeException noLook) when (isSafe)
        {
            unsure = noLook;
        }

        byte wanted = With(believed, mask, one);
        // Before the write, should it fail: no later write for another pin may bring back what was to end.
        if (isSafe) believed = wanted;
        // Written even if it seems to be right: going to the safe value must not rest on a look.
        Bus.WriteRegister(Address, register, wanted);
        try
        {
            RequireBits(register, mask, wanted, name);
        }
        catch (EdgeException noLook) when (isSafe && noLook.Code != "part.settings_lost")
        {
            // Acknowledged, only not seen: the direction must follow all the same.
            unsure = noLook;
        }

        believed = wanted;
    }

    // One look that shows the bit is enough: a flipped one cannot be told from a latch that does not follow.
    private void RequireBits(byte register, byte mask, byte wanted, string name)
    {
        for (int i = 0; ; i++)
        {
            byte seen = Bus.ReadRegister(Address, register);
            if (((seen ^ wanted) & mask) == 0) return;
            if (i == MoreLooks) throw SettingsLost(name, wanted, seen);
        }
    }

    // Both copies of IOCON show the same, with BANK set: then the latch would be sought at a wrong place.
    private void RestoreBanks(bool isSafe)
    {
        try
        {
            byte control = Bus.ReadRegister(Address, BankedControlA);
            if ((control & BankBit) != 0 && Bus.ReadRegister(Address, BankedControlB) == control) Bus.WriteRegister(Address, BankedControlA, (byte)(control & ~BankBit));
        }
        catch (EdgeException) when (isSafe)
        {
            // The write that follows meets it too, and tells.
        }
    }

    private static (byte Port, byte Mask) Place(int pin) => ((byte)(pin >> 3), (byte)(1 << (pin & 7)));

    private static byte With(byte bits, byte mask, bool one) => (byte)(one ? bits | mask : bits & ~mask);

    private static byte[] NotDriven(int ports)
    {
        byte[] directions = new byte[ports];
        directions.AsSpan().Fill(0xff);
        return directions;
    }
}
