using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Registers as the processor sees them.</summary>
public interface IPhysicalMemory : IDisposable
{
    /// <param name="address">A multiple of 4.</param>
    /// <exception cref="EdgeException"><c>pinmux.not_read</c>.</exception>
    uint Read32(long address);
}

/// <summary>Reads the pads of a board's header. Needs root; reads only, and only addresses that are pads of this very machine.</summary>
public static class PinmuxProbe
{
    /// <param name="site">Null reads every pad of the header; else those its parts are wired to.</param>
    /// <param name="open">Called when everything is checked. Disposed here.</param>
    /// <exception cref="EdgeException"><c>pinmux.other_soc</c>, <c>pinmux.no_boot_id</c>, or what <paramref name="open"/> and its memory throw.</exception>
    public static PinmuxTable Read(string root, BoardDefinition board, Site? site, Func<IPhysicalMemory> open)
    {
        var pads = new List<PinmuxEntry>();
        List<WiredLine>? wired = site is null ? null : WiredLine.Of(site, board);
        IPhysicalMemory? memory = null;
        try
        {
            foreach (BoardPin pin in board.Pins)
            {
                if (pin.Gpio is not { PadRegister: { } address } || !PadRegister.IsPad(board.Soc, address) || wired?.Exists(w => w.Pin == pin) == false) continue;
                if (memory is null)
                {
                    RequireSoc(root, board);
                    memory = open();
                }

                pads.Add(new PinmuxEntry(pin.Number, address, new PadRegister(memory.Read32(address))));
            }
        }
        finally
        {
            memory?.Dispose();
        }

        string bootId = PinmuxFile.BootId(root) ?? throw new EdgeException(
            "pinmux.no_boot_id", "Could not tell which start of the machine this is.", "/proc/sys/kernel/random/boot_id cannot be read.", "Mount /proc, or run the probe outside of the container.");
        return new PinmuxTable(bootId, board.Name, pads);
    }

    // A board named by hand must not make root read whatever lies at these addresses on another machine.
    private static void RequireSoc(string root, BoardDefinition board)
    {
        IReadOnlyList<string> entries = DeviceTree.Compatibles(root);
        if (entries.Contains($"nvidia,{board.Soc}")) return;
        throw new EdgeException(
            "pinmux.other_soc",
            $"Did not read the pads of board '{board.Name}'.",
            entries.Count == 0
                ? $"There is no {DeviceTree.CompatiblePath} here; the machine must say that it is a {board.Soc}."
                : $"The machine says that it is {string.Join(", ", entries)}; it must be a {board.Soc}.",
            "Run the probe on the board itself, outside of a container; `clawmesh-edge board check` shows what the machine says it is.",
            FailureClass.Config);
    }
}
