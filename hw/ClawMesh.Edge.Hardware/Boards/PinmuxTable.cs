namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>One pad as the privileged probe saw it.</summary>
/// <param name="Pin">On the header.</param>
/// <param name="Address">Physical, of the PADCTL register.</param>
public sealed record PinmuxEntry(int Pin, long Address, PadRegister Register);

/// <summary>The pads of a header in one life of the kernel.</summary>
/// <param name="BootId"><c>/proc/sys/kernel/random/boot_id</c> of that life.</param>
public sealed record PinmuxTable(string BootId, string Board, IReadOnlyList<PinmuxEntry> Pads)
{
    public PadRegister? Of(long address) => Pads.FirstOrDefault(p => p.Address == address)?.Register;

    /// <summary>Unknown when the pin has no register or the probe did not read it.</summary>
    public PinmuxVerdict Judge(BoardPin pin, PadUse use) => pin.Gpio is not { PadRegister: { } address } gpio
        ? PinmuxVerdict.Unknown($"the register of pin {pin.Number} is not known")
        : Of(address) is { } pad
            ? PinmuxVerdict.Judge(pin.Number, address, gpio.PinGroup, pad, use)
            : PinmuxVerdict.Unknown($"the probe has not read pin {pin.Number}");
}
