using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>What this machine says it is, held against the boards this node knows.</summary>
/// <param name="Board">Null when none is meant: an unknown machine is never taken for a known one.</param>
/// <param name="Compatible">The entry of the device tree that decided; null when none did.</param>
/// <param name="Module">Module and carrier as the device tree numbers them, e.g. <c>p3767-0005 on p3768-0000</c>; null when it does not.</param>
/// <param name="CarrierMatches">Null when the boot loader left no ids. False: the header may be wired otherwise.</param>
/// <param name="Problem">Why there is no board, or what is odd about it; empty when all is well.</param>
public sealed record BoardFinding(BoardDefinition? Board, string? Compatible, string? Module, bool? CarrierMatches, string Problem);

/// <summary>Finds the board this machine is. Compares whole entries of the device tree; a variant nobody has seen is told, and matches nothing.</summary>
public static class BoardMatch
{
    // Modules before revision A02 have another header (jetson-gpio).
    private const string NanoBoard = "nano";
    private const string NanoModule = "3448";
    private const string FirstNanoRevision = "200";

    private const string Vendor = "nvidia,";

    /// <param name="root">Where the file system begins.</param>
    public static BoardFinding Find(string root, BoardCatalog catalog)
    {
        IReadOnlyList<string> entries = DeviceTree.Compatibles(root);
        if (entries.Count == 0) return new BoardFinding(null, null, null, null, $"there is no {DeviceTree.CompatiblePath}: a machine without a device tree, or a container that does not see it");

        IReadOnlyList<string> ids = DeviceTree.BoardIds(root);
        ModuleNumber? module = null;
        foreach (string entry in entries) module ??= ModuleNumber.Parse(entry);
        BoardDefinition? board = null;
        var kin = new List<string>();
        int broken = 0;
        // In order of name; of two that match, the first in match order.
        foreach (string name in catalog.Names())
        {
            if (catalog.Read(name).Board is not { } read)
            {
                broken++;
                continue;
            }

            if (entries.Any(read.Compatibles.Contains) && (board is null || read.MatchOrder < board.MatchOrder)) board = read;
            if (module is not null && read.Compatibles.Any(c => ModuleNumber.Parse(c)?.Module == module.Module)) kin.Add(name);
        }

        if (board is null) return new BoardFinding(null, null, module?.ToString(), null, WhyNone(entries, module, kin, broken));
        string compatible = entries.First(board.Compatibles.Contains);
        if (board.Name == NanoBoard && WhyNotNano(ids) is { } why) return new BoardFinding(null, compatible, module?.ToString(), null, why);
        bool? carrier = ids.Count == 0 || board.CarrierIds.Count == 0 ? null : board.CarrierIds.Any(expected => ids.Any(id => id.StartsWith(expected, StringComparison.Ordinal)));
        return new BoardFinding(board, compatible, module?.ToString(), carrier, carrier == false ? $"none of the carriers {string.Join(", ", board.CarrierIds)} is among {string.Join(", ", ids)}: the header may be wired otherwise" : "");
    }

    private static string WhyNone(IReadOnlyList<string> entries, ModuleNumber? module, List<string> kin, int broken)
    {
        string why = kin.Count > 0
            ? $"known module p{module!.Module}, unknown variant {module}: boards {string.Join(", ", kin)} are of that module and do not name it"
            : $"no board names {string.Join(", ", entries)}";
        return broken == 0 ? why : $"{why}; {broken} of the board files have errors and were not asked (`clawmesh-edge board list`)";
    }

    // The revision is the last field, e.g. 3448-0000-200.
    private static string? WhyNotNano(IReadOnlyList<string> ids)
    {
        if (ids.FirstOrDefault(id => id.StartsWith(NanoModule, StringComparison.Ordinal)) is not { } id) return "a Nano whose revision is not told: before A02 its header is another one";
        string revision = id[(id.LastIndexOf('-') + 1)..];
        return string.CompareOrdinal(revision, FirstNanoRevision) >= 0 ? null : $"a Nano of revision {revision}: before A02 ({FirstNanoRevision}) its header is another one, which no board here describes";
    }

    /// <summary><c>nvidia,p3768-0000+p3767-0005-super</c>: a carrier with a variant, a module with a variant.</summary>
    private sealed class ModuleNumber(string carrier, string module)
    {
        private const int Digits = 4;
        private const int HalfLength = 10;

        /// <summary>Without its variant, e.g. <c>3767</c>.</summary>
        public string Module => module[1..(1 + Digits)];

        public static ModuleNumber? Parse(string compatible)
        {
            if (!compatible.StartsWith(Vendor, StringComparison.Ordinal)) return null;
            string[] halves = compatible[Vendor.Length..].Split('+');
            return halves.Length == 2 && IsHalf(halves[0]) && IsHalf(halves[1]) && halves[0].Length == HalfLength ? new ModuleNumber(halves[0], halves[1]) : null;
        }

        public override string ToString() => $"{module} on {carrier}";

        // p####-#### and, for some modules, -super after it.
        private static bool IsHalf(string text) =>
            text.Length >= HalfLength && text[0] is 'p' or 'e' && text[1 + Digits] == '-' && (text.Length == HalfLength || text[HalfLength] == '-')
            && text.AsSpan(1, Digits).IndexOfAnyExceptInRange('0', '9') < 0 && text.AsSpan(2 + Digits, Digits).IndexOfAnyExceptInRange('0', '9') < 0;
    }
}
