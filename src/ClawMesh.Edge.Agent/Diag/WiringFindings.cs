using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>How a site's wiring stands against its board, the pads and what the kernel shows; found once for all checks of one run. Claims nothing.</summary>
/// <param name="WrongPads">Pads that keep a line from its work; each is one of <paramref name="All"/> too.</param>
/// <param name="Pinmux">Why no pad was judged; empty when they were.</param>
internal sealed record WiringFindings(IReadOnlyList<BoardConflict> All, int WrongPads, string Pinmux)
{
    public static readonly WiringFindings Late = new(
        [new BoardConflict(ProblemSeverity.Warning, "", "the lines and buses could not be looked at in time", "Something in the kernel hangs: `dmesg | tail` names it.", FailureClass.BusIo)],
        0, "the lines and buses could not be looked at in time");

    public static WiringFindings Find(Site site, DiagHost host)
    {
        if (site.Simulated) return new([], 0, "the site is simulated");
        if (Sites.BoardOf(site) is not { } board)
        {
            string why = $"board '{site.Board}' has no usable file";
            return new([new BoardConflict(ProblemSeverity.Error, "", why, $"`clawmesh-edge board show {site.Board}` says why.", FailureClass.Config)], 0, why);
        }

        IReadOnlyList<BoardConflict> found = BoardConflicts.Find(site, board, host.Ports, pinmux: null);
        if (!board.Pins.Any(pin => pin.Gpio?.PadRegister is not null)) return new(found, 0, "this board's pads are not known to this build");
        PinmuxReadResult read = PinmuxFile.Read(host.Root);
        if (read.Table is not { } table) return new(found, 0, read.Why);
        IReadOnlyList<BoardConflict> pads = BoardConflicts.FindPads(site, board, table);
        return new([.. found, .. pads], pads.Count, "");
    }

    /// <summary>What is wrong with one entry of the site, the worst first; the findings without one belong to the site.</summary>
    public IReadOnlyList<BoardConflict> Of(string reference) => [.. All.Where(c => c.Ref == reference).OrderByDescending(c => c.Severity)];

    /// <summary>
    /// Why an entry is not to be asked: reading a contact requests its line, which may be the output of another entry, and a transfer may
    /// disturb the part of somebody else. Empty when nothing speaks against it.
    /// </summary>
    public string WhyNotAsked(string reference)
    {
        foreach (BoardConflict conflict in All)
        {
            if (conflict.Severity != ProblemSeverity.Error) continue;
            if (conflict.Ref == reference) return "not asked, because its wiring cannot be right";
            if (conflict.Other == reference) return $"not asked: '{conflict.Ref}' names its line too";
        }

        return "";
    }

    /// <summary>The outcome with what the wiring adds to it: an error of the wiring comes before anything else that could be said.</summary>
    public CheckOutcome Judge(string reference, CheckOutcome outcome)
    {
        if (Of(reference) is not [{ } worst, ..] found) return outcome;
        IEnumerable<string> rest = found.Skip(1).Select(c => $"{c.What} {c.Fix}");
        if (outcome.Status == CheckStatus.Fail && worst.Severity != ProblemSeverity.Error) return outcome.Because(found.Select(c => c.What));
        CheckOutcome judged = worst.Severity == ProblemSeverity.Error
            ? CheckOutcome.Fail(worst.Class, worst.What, worst.Fix)
            : outcome.Status == CheckStatus.Warn ? outcome.Because(worst.What) : CheckOutcome.Warn(worst.Class, worst.What, worst.Fix);
        return judged.Because(rest).Because(outcome.Status is CheckStatus.Pass or CheckStatus.Skip ? "" : outcome.Summary).With(outcome.Values);
    }
}
