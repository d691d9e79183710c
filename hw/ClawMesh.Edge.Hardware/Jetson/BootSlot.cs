using System.Buffers.Binary;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>One of the two copies of boot chain and root file system, by the firmware's own variables (UEFI, L4T R34 and later).</summary>
public sealed class BootSlot(string name, uint status, bool? current)
{
    /// <summary><c>A</c> or <c>B</c>.</summary>
    public string Name => name;

    /// <summary>0 normal, 255 unbootable.</summary>
    public uint Status => status;

    /// <summary>This system runs from it; null when the firmware does not tell.</summary>
    public bool? Current => current;

    // NVIDIA's public variables: NVIDIAConfiguration.h of its UEFI firmware. Each file begins with four bytes of attributes.
    private const string Variables = "sys/firmware/efi/efivars";
    private const string Vendor = "-781e084c-a330-417c-b678-38e696380cb9";

    public bool IsNormal => Status == 0;

    public bool IsUnbootable => Status == 0xFF;

    /// <summary>Empty where the firmware has no such variables, or this user may not read them.</summary>
    public static IReadOnlyList<BootSlot> Read(string root)
    {
        uint? current = Variable(root, "BootChainFwCurrent");
        var slots = new List<BootSlot>();
        if (Variable(root, "RootfsStatusSlotA") is { } a) slots.Add(new BootSlot("A", a, current is null ? null : current == 0));
        if (Variable(root, "RootfsStatusSlotB") is { } b) slots.Add(new BootSlot("B", b, current is null ? null : current == 1));
        return slots;
    }

    private static uint? Variable(string root, string name)
    {
        try
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(root, Variables, name + Vendor));
            return bytes.Length >= 8 ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
