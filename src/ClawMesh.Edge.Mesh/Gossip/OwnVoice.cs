using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>
/// Says this node's own frames: checks, numbers and signs them, writes them down, sends them. A frame of class safety is on disk
/// before a peer hears of it, a bulk one within a second after ([X-77]).
/// </summary>
internal sealed class OwnVoice(MeshNode mesh, OwnFrames own, IFrameArchive? archive, Action<MeshFrame> seen)
{
    // Frames told before the node has an epoch or while its disk gives no numbers: seconds of a busy site. The oldest go first.
    private const int MaxHeld = 4_096;

    // Alarms on their way to the disk.
    private const int MaxWriting = 1_024;

    /// <summary>A disk that takes longer must not keep an alarm from being heard.</summary>
    private static readonly TimeSpan MaxWriteWait = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly WireScan _scan = new();
    private readonly FrameCheck _check = new();
    private readonly Queue<(byte[] Utf8, MessageClass Class)> _held = new();
    private readonly List<Writing> _writing = [];

    /// <summary>Frames that wait for a number.</summary>
    public int Held
    {
        get
        {
            lock (_lock) return _held.Count;
        }
    }

    /// <exception cref="EdgeException"><c>mesh.frame_invalid</c>: the frame breaks the wire's own rules; it went nowhere.</exception>
    public void Tell(ContextFrame frame, MessageClass messageClass)
    {
        byte[] utf8 = JsonSerializer.SerializeToUtf8Bytes(frame, WireJson.Default.ContextFrame);
        lock (_lock)
        {
            if (!_scan.Frame(utf8) || _check.Check(utf8, _scan, out _) is null) throw Invalid(frame.Kind, null);
            if (mesh.Options.SignFrames && (_held.Count > 0 || !own.EnsureReady()))
            {
                if (_held.Count == MaxHeld) DropHeld();
                _held.Enqueue((utf8, messageClass));
                Flush();
                return;
            }

            Say(utf8, messageClass);
        }
    }

    /// <summary>Says what waited for a number, and alarms whose disk takes too long.</summary>
    public void Tick()
    {
        lock (_lock)
        {
            Flush();
            for (int i = _writing.Count - 1; i >= 0; i--)
            {
                if (mesh.Time.GetElapsedTime(_writing[i].Since) >= MaxWriteWait) Send(_writing[i]);
                if (_writing[i].Sent) _writing.RemoveAt(i);
            }
        }
    }

    private void Flush()
    {
        while (_held.Count > 0 && own.EnsureReady())
        {
            (byte[] utf8, MessageClass messageClass) = _held.Dequeue();
            Say(utf8, messageClass);
        }
    }

    // The oldest of the lowest class.
    private void DropHeld()
    {
        MessageClass lowest = MessageClass.Safety;
        foreach ((_, MessageClass held) in _held)
        {
            if (held > lowest) lowest = held;
        }

        bool dropped = false;
        for (int i = _held.Count; i > 0; i--)
        {
            (byte[] Utf8, MessageClass Class) one = _held.Dequeue();
            if (!dropped && one.Class == lowest) dropped = true;
            else _held.Enqueue(one);
        }

        mesh.Counters.Add(MeshCounter.OwnFramesDropped);
    }

    // Under the lock: numbers go out, and onto the disk, in their order.
    private void Say(byte[] utf8, MessageClass messageClass)
    {
        byte[] said = utf8;
        mesh.Origin.LookAtMesh();
        if (mesh.Options.SignFrames)
        {
            try
            {
                said = own.Sign(utf8, mesh.SelfFacts.MeshId, out _) ?? utf8;
            }
            catch (FormatException fault)
            {
                throw Invalid("own", fault);
            }
        }

        MeshFrame frame = (_scan.Frame(said) ? _check.Check(said, _scan, out _) : null) ?? throw Invalid("own", null);
        frame.Standing = FrameStanding.Own;
        seen(frame);
        mesh.World.Ingest(frame);
        byte[] message = Messages.Frame(frame.Utf8);
        mesh.Counters.Add(MeshCounter.FramesBroadcast);
        mesh.TellSubscribers(message);

        var writing = new Writing(message, frame.CoalescingKey, messageClass, mesh.Time.GetTimestamp());
        if (archive is null)
        {
            Send(writing);
            return;
        }

        bool waits = messageClass == MessageClass.Safety && _writing.Count < MaxWriting;
        if (waits) _writing.Add(writing);
        archive.Append(ArchivedFrames.Of(frame, mesh.NowMs, ArchivedFrames.Of(messageClass)), waits ? _ => Send(writing) : null);
        if (!waits) Send(writing);
    }

    // An alarm goes ahead of the waiting reading of its key and takes it along; it never gives way itself ([X-74]).
    private void Send(Writing writing)
    {
        if (!writing.TryTake()) return;
        foreach (Session session in mesh.Sessions) session.Conversation.SendEvent(writing.Class, writing.Message, writing.Key);
    }

    private static EdgeException Invalid(string kind, Exception? inner) => new(
        "mesh.frame_invalid", $"A frame of kind '{kind}' was not sent.", "It breaks a rule every node checks.",
        "This is a fault of the program; its frame is in no log and on no link. Please report it.", FailureClass.ProtocolHandshake, inner);

    private sealed class Writing(byte[] message, string? key, MessageClass messageClass, long since)
    {
        private int _taken;

        public byte[] Message => message;

        public string? Key => key;

        public MessageClass Class => messageClass;

        public long Since => since;

        public bool Sent => Volatile.Read(ref _taken) != 0;

        public bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;
    }
}
