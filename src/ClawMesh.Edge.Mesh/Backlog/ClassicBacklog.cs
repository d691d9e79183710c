using System.Globalization;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Backlog;

/// <summary>How far a classic peer that this node dialled has come.</summary>
internal sealed class BacklogState
{
    public bool Follows { get; set; }

    /// <summary>The place in the journal of frames that counts as delivered.</summary>
    public long Mark { get; set; }

    /// <summary>What was written to the socket by <see cref="CandidateAt"/>; it counts once the socket has stayed up for 30 s more.</summary>
    public long Candidate { get; set; }

    public long CandidateAt { get; set; }

    public long SavedMark { get; set; }

    public long SavedAt { get; set; }
}

/// <summary>
/// What a classic peer that this node dialled missed while the link was down ([X-78], [X-79]): it acknowledges nothing and asks for
/// nothing on a link it did not open. Alarms first, then what people and plans said, then the newest reading of each key.
/// </summary>
internal sealed class ClassicBacklog(MeshNode mesh, IFrameArchive archive, ISettingsStore? settings)
{
    public const int MaxFrames = 200;

    // Rows looked at; beyond them only older readings are left out, of which each key has newer ones.
    private const int MaxLooked = 20_000;

    private static readonly TimeSpan StaysUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan OldestSafety = TimeSpan.FromHours(24);
    private static readonly TimeSpan OldestOther = TimeSpan.FromHours(1);

    public void Began(Session session)
    {
        if (!session.Outbound || session.Facts.IsEdge) return;
        BacklogState state = session.Backlog;
        long last = archive.LastNumber;
        // A device never met before is sent what is new from here on.
        long mark = settings?.Get(KeyOf(session)) is { } kept && long.TryParse(kept, NumberStyles.None, CultureInfo.InvariantCulture, out long read) ? Math.Min(read, last) : last;
        (state.Follows, state.Mark, state.SavedMark, state.Candidate) = (true, mark, mark, last);
        state.CandidateAt = state.SavedAt = mesh.Time.GetTimestamp();
        if (mark >= last) Save(session, state);
        // Rows of a disk: not for the receive loop that has just finished a handshake.
        else if (mesh.Options.Inline) Flush(session, mark);
        else _ = Task.Run(() => Flush(session, mark));
    }

    public void Tick()
    {
        foreach (Session session in mesh.Sessions)
        {
            BacklogState state = session.Backlog;
            if (!state.Follows || mesh.Time.GetElapsedTime(state.CandidateAt) < StaysUp) continue;
            state.Mark = state.Candidate;
            // What still waits in the queue was not written.
            if (session.Conversation.Link.Queue.IsEmpty) state.Candidate = archive.LastNumber;
            state.CandidateAt = mesh.Time.GetTimestamp();
            if (state.Mark != state.SavedMark && mesh.Time.GetElapsedTime(state.SavedAt) >= SaveEvery) Save(session, state);
        }
    }

    public void Ended(Session session)
    {
        if (session.Backlog is { Follows: true } state && state.Mark != state.SavedMark) Save(session, state);
    }

    private static string KeyOf(Session session) => $"outbox.{session.DeviceId.Value}";

    private void Flush(Session session, long mark)
    {
        long now = mesh.NowMs, oldest = now - (long)OldestSafety.TotalMilliseconds, oldestOther = now - (long)OldestOther.TotalMilliseconds;
        var safety = new List<Missed>();
        var control = new List<Missed>();
        var newest = new Dictionary<string, Missed>(StringComparer.Ordinal);
        foreach (OutboxFrame row in archive.OwnAfter(mesh.Self.Value, mark, oldest, MaxLooked))
        {
            ArchivedFrame frame = row.Frame;
            if (frame.Class == FrameClass.Safety) safety.Add(new Missed(frame, null));
            else if (frame.TimestampMs < oldestOther) continue;
            else if (frame.Class == FrameClass.Control) control.Add(new Missed(frame, null));
            else if (KeyOf(frame) is { } key) newest[key] = new Missed(frame, key);
        }

        int left = MaxFrames;
        left = Send(session, safety, MessageClass.Safety, left);
        left = Send(session, control, MessageClass.Control, left);
        var readings = new List<Missed>(newest.Values);
        readings.Sort(static (a, b) => a.Frame.TimestampMs.CompareTo(b.Frame.TimestampMs));
        Send(session, readings, MessageClass.Bulk, left);
    }

    private string? KeyOf(ArchivedFrame frame) => frame.Kind == FrameKinds.Observation ? mesh.Gossip.Read(frame.Utf8.ToArray())?.CoalescingKey : frame.FrameId;

    private static int Send(Session session, List<Missed> frames, MessageClass messageClass, int left)
    {
        for (int i = 0; i < frames.Count && left > 0; i++, left--)
            session.Conversation.SendEvent(messageClass, Messages.Frame(frames[i].Frame.Utf8.Span), frames[i].Key);
        return left;
    }

    /// <param name="Key">By which a newer one replaces it while it waits; null for one that nothing replaces.</param>
    private sealed record Missed(ArchivedFrame Frame, string? Key);

    // A mark that cannot be written costs duplicates, which are harmless ([W-74]).
    private void Save(Session session, BacklogState state)
    {
        (state.SavedMark, state.SavedAt) = (state.Mark, mesh.Time.GetTimestamp());
        if (settings is not null) _ = SettingNote.TryWriteAsync(settings, KeyOf(session), state.Mark.ToString(CultureInfo.InvariantCulture));
    }
}
