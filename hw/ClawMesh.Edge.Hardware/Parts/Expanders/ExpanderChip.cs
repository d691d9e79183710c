using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Parts.I2c;

namespace ClawMesh.Edge.Hardware.Parts.Expanders;

/// <summary>
/// One GPIO expander and its pins. Keeps no picture of the chip: every call looks at the registers, so that a chip that was switched
/// off in between, or that somebody else writes to, is seen as it is. Other pins are left as they are.
/// </summary>
internal sealed class ExpanderChip(PartSite site, IReadOnlyDictionary<string, string> wiring, ExpanderModel model) : I2cChip(site, wiring, model.Chip)
{
    // MCP23017, 3.2.1 and 3.5.6: IOCON in the arrangement BANK = 1; in the usual one these are GPINTENB and OLATB.
    private const byte BankedControlA = 0x05;
    private const byte BankedControlB = 0x15;
    private const byte BankBit = 0x80;

    private const int Patience = 4;

    /// <summary>Drives a pin. The latch is written before the direction: a pin that was an input never shows what the latch held before.</summary>
    /// <exception cref="EdgeException"><c>part.settings_lost</c>, and what the bus throws.</exception>
    public void Write(int pin, bool high)
    {
        lock (Gate) Drive(pin, high);
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
            bool isOutput = (Bus.ReadRegister(Address, (byte)(model.Direction + port)) & mask) == 0;
            if (isOutput) return (Bus.ReadRegister(Address, (byte)(model.Latch + port)) & mask) != 0;
            if (restoreTo is { } high) Drive(pin, high);
            return null;
        }
    }

    private void Drive(int pin, bool high)
    {
        (byte port, byte mask) = Place(pin);
        if (model.HasBanks) RestoreBanks();
        Set((byte)(model.Latch + port), mask, high, "latch");
        Set((byte)(model.Direction + port), mask, false, "direction");
    }

    // One bit of a register, and a look whether it is there.
    private void Set(byte register, byte mask, bool one, string name)
    {
        byte before = ReadTwice(register, name);
        byte wanted = (byte)(one ? before | mask : before & ~mask);
        // Written even if it seems to be right: going to the safe value must not rest on a look.
        Bus.WriteRegister(Address, register, wanted);
        byte seen = Bus.ReadRegister(Address, register);
        if (((seen ^ wanted) & mask) != 0) throw SettingsLost(name, wanted, seen);
    }

    // What is read is written back for the other pins; I2C has no checksum, and a bit flipped on its way would switch one of them.
    private byte ReadTwice(byte register, string name)
    {
        byte first = Bus.ReadRegister(Address, register);
        for (int i = 0; i < Patience; i++)
        {
            byte second = Bus.ReadRegister(Address, register);
            if (second == first) return first;
            first = second;
        }

        throw SettingsLost(name, first, Bus.ReadRegister(Address, register));
    }

    // Both copies of IOCON show the same, with BANK set: then the latch would be sought at a wrong place.
    private void RestoreBanks()
    {
        byte control = Bus.ReadRegister(Address, BankedControlA);
        if ((control & BankBit) != 0 && Bus.ReadRegister(Address, BankedControlB) == control) Bus.WriteRegister(Address, BankedControlA, (byte)(control & ~BankBit));
    }

    private static (byte Port, byte Mask) Place(int pin) => ((byte)(pin >> 3), (byte)(1 << (pin & 7)));
}
