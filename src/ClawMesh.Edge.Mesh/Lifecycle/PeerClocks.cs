using System.Text.Json;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Lifecycle;

/// <summary>What the Edge peers together say about this node's wall clock ([X-37]). They only say it; nothing is set by it.</summary>
/// <param name="Peers">Edge peers whose clock is known.</param>
/// <param name="Agree">Of these, how many read within 10 s of this node.</param>
/// <param name="Ahead">How many read more than 10 s later.</param>
/// <param name="Behind">How many read more than 10 s earlier.</param>
/// <param name="Median">By how much they are ahead of this node; null without peers.</param>
public sealed record PeerClockVote(int Peers, int Agree, int Ahead, int Behind, TimeSpan? Median)
{
    /// <summary>One peer is no majority: which of two clocks is wrong, the two cannot tell.</summary>
    public const int Fewest = 2;

    /// <summary>The largest offset that still counts as agreement.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(10);

    public static PeerClockVote None { get; } = new(0, 0, 0, 0, null);

    /// <summary>More than half of at least two peers agree with this node.</summary>
    public bool Confirms => Agree >= Fewest && Agree * 2 > Peers;

    /// <summary>More than half of at least two peers are off in the same direction.</summary>
    public bool Contradicts => Math.Max(Ahead, Behind) is var most && most >= Fewest && most * 2 > Peers;

    /// <summary>Counts the offsets of the peers. A single one among three moves neither answer, whatever it says.</summary>
    public static PeerClockVote Of(IReadOnlyList<TimeSpan> offsets)
    {
        if (offsets.Count == 0) return None;
        int ahead = 0, behind = 0;
        var sorted = new TimeSpan[offsets.Count];
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i] = offsets[i];
            if (offsets[i] > Tolerance) ahead++;
            else if (offsets[i] < -Tolerance) behind++;
        }

        Array.Sort(sorted);
        return new PeerClockVote(sorted.Length, sorted.Length - ahead - behind, ahead, behind, (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2);
    }
}

/// <summary>Asks every Edge peer for its time by <c>mesh.ping</c> ([X-33]) and keeps the offset of each ([X-37]). Driven by the mesh's tick.</summary>
internal sealed class PeerClocks(MeshNode mesh)
{
    // The end of the year 9999; beyond it there is no time to differ from.
    private const double LatestMs = 253_402_300_799_999;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(3);

    private volatile PeerClockVote _vote = PeerClockVote.None;

    public PeerClockVote Vote => _vote;

    public void Tick()
    {
        double aheadOfMonotonicMs = mesh.NowMs - MonotonicMs();
        List<TimeSpan>? offsets = null;
        foreach (Session session in mesh.Sessions)
        {
            if (!session.Facts.Has(EdgeFeatures.MeshPing)) continue;
            double? median;
            bool due;
            lock (session.Clock)
            {
                median = session.Clock.MedianMs;
                due = session.Clock.TryBegin(mesh.Time.GetElapsedTime(session.LastPingTimestamp), mesh.Options.ClockPing);
                if (due) session.LastPingTimestamp = mesh.Time.GetTimestamp();
            }

            if (due) _ = AskAsync(session, session.Clock.Sent);
            if (median is not { } ms) continue;
            TimeSpan offset = TimeSpan.FromMilliseconds(ms - aheadOfMonotonicMs);
            session.Sight.ClockOffset = offset;
            (offsets ??= []).Add(offset);
        }

        _vote = offsets is null ? PeerClockVote.None : PeerClockVote.Of(offsets);
    }

    private async Task AskAsync(Session session, int number)
    {
        long sentAt = mesh.Time.GetTimestamp();
        double sentMs = MonotonicMs();
        long wallMs = mesh.NowMs;
        CallResult answer = await session.Conversation.CallAsync(
            "mesh.ping",
            w =>
            {
                w.WriteNumber("t", wallMs);
                w.WriteNumber("n", number);
            },
            AnswerLimit);
        TimeSpan roundTrip = mesh.Time.GetElapsedTime(sentAt);
        // An answer that does not repeat the question is none: what it measures is not known.
        if (!answer.Ok || Number(answer.Payload, "t") != wallMs || Number(answer.Payload, "n") != number) return;
        if (Number(answer.Payload, "now") is not { } theirs || !(Math.Abs(theirs) <= LatestMs)) return;
        lock (session.Clock) session.Clock.Take(theirs, sentMs + (roundTrip.TotalMilliseconds / 2), roundTrip);
    }

    private double MonotonicMs() => mesh.Time.GetElapsedTime(0).TotalMilliseconds;

    private static double? Number(JsonElement payload, string name) =>
        RpcParams.Member(payload, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out double value) ? value : null;
}
