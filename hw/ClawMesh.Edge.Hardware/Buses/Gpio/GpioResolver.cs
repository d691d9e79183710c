using System.Globalization;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>Where the wanted lines are in this start of this kernel.</summary>
/// <param name="Note">What a person should know although it works, such as a line that moved to another offset; empty mostly.</param>
public sealed record GpioResolution(GpioChip Chip, IReadOnlyList<int> Offsets, string Note);

/// <summary>
/// Finds chip and offsets of a target. Numbers of chips and offsets of lines differ between kernels and starts, so the chip's label
/// and the line's name decide; the offset of the board file is a cross-check. Whatever is not certain is refused: a wrong line switches something.
/// </summary>
public static class GpioResolver
{
    /// <exception cref="EdgeException">
    /// <c>gpio.no_chip</c> (device_absent), <c>gpio.no_permission</c> (auth), <c>gpio.no_line</c>, <c>gpio.line_mismatch</c>,
    /// <c>gpio.ambiguous</c> (config).
    /// </exception>
    public static GpioResolution Resolve(IGpioPort port, GpioTarget target)
    {
        GpioChip chip = FindChip(port.Chips(), target.Chip);
        IReadOnlyList<GpioLine> lines = port.Lines(chip);
        int[] offsets = new int[target.Lines.Count];
        string note = "";
        for (int i = 0; i < offsets.Length; i++)
        {
            int? expected = i < target.Offsets.Count ? target.Offsets[i] : null;
            offsets[i] = FindLine(chip, lines, target.Lines[i], expected);
            if (Array.IndexOf(offsets, offsets[i], 0, i) >= 0)
                throw Ambiguous($"'{target.Lines[i]}' of chip '{chip.Label}'", $"line {offsets[i]} is named twice.", "Name each line once.");
            string moved = MovedNote(chip, target.Lines[i], offsets[i], expected);
            note += $"{(note.Length > 0 && moved.Length > 0 ? " " : "")}{moved}";
        }

        return new GpioResolution(chip, offsets, note);
    }

    internal static GpioChip FindChip(IReadOnlyList<GpioChip> chips, string wanted)
    {
        GpioChip? found = Only(chips, wanted, byName: false) ?? Only(chips, wanted, byName: true);
        if (found is { LineCount: > 0 }) return found;
        if (found is not null) throw GpioFaults.NoPermission(found.Path);
        string seen = "";
        foreach (GpioChip chip in chips)
        {
            // It could be the one: only whoever may open it can tell.
            if (chip.LineCount == 0) throw GpioFaults.NoPermission(chip.Path);
            seen += $"{(seen.Length > 0 ? ", " : "")}'{chip.Label}' ({chip.Name})";
        }

        throw GpioFaults.NoChip(wanted, seen);
    }

    private static GpioChip? Only(IReadOnlyList<GpioChip> chips, string wanted, bool byName)
    {
        GpioChip? found = null;
        foreach (GpioChip chip in chips)
        {
            if ((byName ? chip.Name : chip.Label) != wanted) continue;
            if (found is not null)
                throw Ambiguous($"chip '{wanted}'", $"{found.Path} and {chip.Path} both carry that label.", $"Name the chip by its own name, such as '{found.Name}', if its number is stable on this machine.");
            found = chip;
        }

        return found;
    }

    /// <summary>What to say of a line that is not where the board file has it; empty when it is.</summary>
    internal static string MovedNote(GpioChip chip, string line, int offset, int? expected) => expected is { } was && was != offset
        ? $"Line '{line}' is at offset {offset} of '{chip.Label}', not at {was} as the board file says; its name decides."
        : "";

    internal static int FindLine(GpioChip chip, IReadOnlyList<GpioLine> lines, string wanted, int? expected)
    {
        int? named = null;
        foreach (GpioLine line in lines)
        {
            if (line.Name != wanted) continue;
            if (named is { } first)
                throw Ambiguous($"line '{wanted}' of chip '{chip.Label}'", $"lines {first} and {line.Offset} both carry that name.", "Name the line by its offset.");
            named = line.Offset;
        }

        if (int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int offset))
        {
            if (named is { } other && other != offset)
                throw Ambiguous($"line '{wanted}' of chip '{chip.Label}'", $"line {other} carries that name, and line {offset} has that offset.", "Name the line by its kernel name, or use another.");
            return offset < lines.Count ? offset : throw NoLine(chip, wanted, $"It has {lines.Count} lines, from 0 on.");
        }

        if (named is { } found) return found;
        if (expected is { } at && at < lines.Count && lines[at].Name is { Length: > 0 } there)
        {
            throw new EdgeException(
                "gpio.line_mismatch",
                $"Chip '{chip.Label}' has no line '{wanted}'.",
                $"The board file expects it at offset {at}, where this kernel has '{there}'.",
                "The board file is for another module or carrier, or for another kernel: compare `clawmesh-edge board show` with `clawmesh-edge scan`.",
                FailureClass.Config);
        }

        throw NoLine(chip, wanted, expected is { } offsetOfBoard ? $"The line at offset {offsetOfBoard}, where the board file expects it, has no name." : "None of its lines has that name.");
    }

    private static EdgeException NoLine(GpioChip chip, string wanted, string why) => new(
        "gpio.no_line",
        $"Chip '{chip.Label}' has no line '{wanted}'.",
        why,
        "`clawmesh-edge scan` lists its lines. Where the kernel names none, the site must give chip and offset itself.",
        FailureClass.Config);

    private static EdgeException Ambiguous(string what, string why, string fix) => new("gpio.ambiguous", $"Which line is meant is not certain: {what}.", why, fix, FailureClass.Config);
}
