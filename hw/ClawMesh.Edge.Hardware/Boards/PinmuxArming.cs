using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>
/// Refuses to energise an output over a pad that is known to be switched elsewhere: the write would succeed and nothing would move.
/// Not known is no reason to refuse. The probe's file is read again when it was replaced, so that a probe beside a running node counts.
/// </summary>
/// <param name="root">Where the file system begins.</param>
internal sealed class PinmuxArming(string root)
{
    private readonly Lock _lock = new();
    private FileStamp? _stamp;
    private PinmuxTable? _table;

    /// <summary>What to ask before the output is armed; null when no pad of it is known.</summary>
    public Func<Refusal?>? For(ActuatorBinding binding, BoardDefinition? board)
    {
        List<WiredLine> lines = WiredLine.DrivenBy(binding, board);
        lines.RemoveAll(line => line.Pin?.Gpio?.PadRegister is null);
        return lines.Count == 0 ? null : () => Obstacle(lines);
    }

    private Refusal? Obstacle(List<WiredLine> lines)
    {
        if (Table() is not { } table) return null;
        foreach (WiredLine line in lines)
        {
            if (table.Judge(line.Pin!, line.Use) is { State: PinmuxState.Wrong } wrong) return new Refusal(GateCodes.InterlockActive, wrong.Why, wrong.Fix);
        }

        return null;
    }

    private PinmuxTable? Table()
    {
        lock (_lock)
        {
            FileStamp? now = PathAccess.StampOf(PinmuxFile.PathIn(root));
            if (now != _stamp) (_stamp, _table) = (now, now is null ? null : PinmuxFile.Read(root).Table);
            return _table;
        }
    }
}
