using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>How a site's wiring stands against its board, the pads and what the kernel shows; found once for all checks of one run. Claims nothing.</summary>
/// <param name="Pinmux">Why no pad was judged; empty when they were.</param>
internal sealed record WiringFindings(IReadOnlyList<BoardConflict> All, string Pinmux)
{
    public static readonly WiringFindings Late = new(
        [new BoardConflict(ProblemSeverity.Warning, "", "the lines and buses could not be looked at in time", "Something in the kernel hangs: `dmesg | tail` names it.", FailureClass.BusIo)], "");

    public static WiringFindings Find(Site site, DiagHost host)
    {
        if (site.Simulated) return new([], "the site is simulated");
        if (Sites.BoardOf(site) is not { } board) return new([new BoardConflict(ProblemSeverity.Error, "", $"board '{site.Board}' has no usable file", $"`clawmesh-edge board show {site.Board}` says why.", FailureClass.Config)], "");
        bool hasPads = board.Pins.Any(pin => pin.Gpio?.PadRegister is not null);
        (PinmuxTable? table, string why) = hasPads ? Pads(host.Root) : (null, "this board's pads are not known to this build");
        return new(BoardConflicts.Find(site, board, host.Ports, table), table is null ? why : "");
    }

    /// <summary>What is wrong with one entry of the site, the worst first; the findings without one belong to the site.</summary>
    public IReadOnlyList<BoardConflict> Of(string reference) => [.. All.Where(c => c.Ref == reference).OrderByDescending(c => c.Severity)];

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

    private static (PinmuxTable? Table, string Why) Pads(string root)
    {
        PinmuxReadResult read = PinmuxFile.Read(root);
        return (read.Table, read.Why);
    }
}
