using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sync;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>
/// How this node comes to its epoch: it carries on where an earlier life stopped, or begins above whatever its peers still have of it
/// ([X-14], [X-15]). Until then its frames wait.
/// </summary>
internal sealed class OriginDesk
{
    /// <summary>How long a node with a fresh store waits for a peer that may remember it.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    private const string MeshKey = "mesh.signedFor";

    private readonly MeshNode _mesh;
    private readonly OwnFrames _own;
    private readonly IFrameArchive? _archive;
    private readonly ISettingsStore? _settings;
    private readonly Lock _lock = new();
    private readonly long _began;
    private string _meshId;
    private bool _asking;

    public OriginDesk(MeshNode mesh, OwnFrames own, IFrameArchive? archive, ISettingsStore? settings)
    {
        (_mesh, _own, _archive, _settings, _began, _meshId) = (mesh, own, archive, settings, mesh.Time.GetTimestamp(), mesh.SelfFacts.MeshId);
        RestoreClock();
        SignedForAnother(settings);
        if (own.Epoch is { } epoch) CarryOn(epoch);
        // Nobody to ask, or a node that keeps nothing and begins anew each time.
        else if (archive is null || mesh.Trust.Entries.Count == 0) own.Begin(HighestKept());
    }

    /// <summary>The ranges an unclean end left without frames; told once numbers are there.</summary>
    public SequenceRange? Void { get; private set; }

    /// <summary>Whether a peer is still to be asked what it has of this node before anything is numbered.</summary>
    public bool WantsHead => _own.Epoch is null;

    /// <summary>A session that may know more has begun; the epoch waits for its answer.</summary>
    public void Asking() => _asking = true;

    /// <summary>A peer has answered what it has of this node: a frame whose signature verified with our own key, or nothing.</summary>
    public void Heard(FrameStamp? head)
    {
        _asking = false;
        if (_own.Epoch is not { } epoch)
        {
            string? kept = HighestKept();
            _own.Begin(head is not null && string.CompareOrdinal(head.Epoch, kept) > 0 ? head.Epoch : kept);
            return;
        }

        if (head is null) return;
        int order = string.CompareOrdinal(head.Epoch, epoch);
        if (order < 0 || (order == 0 && head.Sequence <= _own.Used)) return;
        // A later life of this node than it remembers: its memory was wiped or set back.
        _own.Begin(head.Epoch);
        _mesh.Events.Publish(new EdgeEvent(
            0, default, EventTypes.PeerSync, EventSeverity.Warning, "origin", "A peer has frames of this node that the node itself does not remember; it goes on with a new epoch.",
            Core.Errors.FailureClass.Storage));
    }

    public void Tick()
    {
        if (_own.Epoch is null && !_asking && _mesh.Time.GetElapsedTime(_began) >= MaxWait) _own.Begin(HighestKept());
        LookAtMesh();
        if (Void is not { } range || !_own.EnsureReady() || _own.Epoch is not { } epoch) return;
        Void = null;
        _mesh.Book.Declare(_mesh.Self.Value, epoch, range);
        _mesh.Tell(VoidFrame(epoch, range), MessageClass.Control);
    }

    /// <summary>The asked peer went away without an answer.</summary>
    public void GaveUp() => _asking = false;

    private void RestoreClock()
    {
        if (_archive is null) return;
        // Every own frame bears the clock's reading. Others' count as when they were heard: one that is far ahead moves nothing, or one device
        // with a wrong clock would take the time of every node that starts again.
        long now = _mesh.NowMs;
        if (_archive.Head(_mesh.Self.Value) is { } head) Restore(head, long.MaxValue);
        foreach (ArchivedFrame frame in _archive.Newest(64)) Restore(frame, frame.Origin == _mesh.Self.Value ? long.MaxValue : now + HybridClock.MaxSkewMs);

        void Restore(ArchivedFrame frame, long latest)
        {
            if (frame.Epoch is not null && HlcOf(frame.Utf8) is { } hlc && HybridClock.TryRead(hlc, out long ms, out _) && ms <= latest) _own.Clock.Restore(ms + HybridClock.RestartMarginMs);
        }
    }

    private void CarryOn(string epoch)
    {
        string self = _mesh.Self.Value;
        if (_archive is not null)
        {
            long known = _mesh.Book.Of(self, epoch)?.Highest ?? 0;
            // What was written after the last word about it.
            while (_archive.Signed(self, epoch, new SequenceRange(known + 1, _own.Used), 1_000, int.MaxValue) is { Count: > 0 } further)
            {
                foreach (ArchivedFrame frame in further) _mesh.Book.See(self, epoch, frame.Sequence, out _);
                known = further[^1].Sequence;
            }

            if (known < _own.Used) Void = new SequenceRange(known + 1, _own.Used);
        }

        _own.Reserve();
    }

    private string? HighestKept() => _archive?.Head(_mesh.Self.Value)?.Epoch;

    /// <summary>Frames are signed for one mesh ([X-5]); after joining another, what was signed before says nothing there.</summary>
    public void LookAtMesh()
    {
        string meshId = _mesh.SelfFacts.MeshId;
        lock (_lock)
        {
            if (_meshId == meshId) return;
            _meshId = meshId;
            Void = null;
            if (_own.Epoch is { } epoch) _own.Begin(epoch);
            // A catch-up that gave away frames signed for the mesh that was left used to get this node turned away by its first peer.
            _mesh.World.Clear();
        }

        // The old frames go without anybody waiting for the disk; the new ones bear another epoch.
        if (_mesh.Options.Inline) ForgetSigned();
        else _ = Task.Run(ForgetSigned);
        if (_settings is not null) _ = SettingNote.TryWriteAsync(_settings, MeshKey, meshId);
    }

    // A node that was stopped, and started for another mesh.
    private void SignedForAnother(ISettingsStore? settings)
    {
        if (settings is null) return;
        string? before = settings.Get(MeshKey);
        if (before == _meshId) return;
        _ = SettingNote.TryWriteAsync(settings, MeshKey, _meshId);
        if (before is null) return;
        string? above = _own.Epoch;
        ForgetSigned();
        if (above is not null) _own.Begin(above);
    }

    private void ForgetSigned()
    {
        var origins = new HashSet<string>(StringComparer.Ordinal) { _mesh.Self.Value };
        foreach (SequenceKnowledge knowledge in _archive?.Knowledge() ?? []) origins.Add(knowledge.Origin);
        foreach (string origin in origins)
        {
            _mesh.Book.Forget(origin);
            _archive?.Forget(origin);
        }
    }

    private ContextFrame VoidFrame(string epoch, SequenceRange range) =>
        new FrameFactory(_mesh.Self, _mesh.SelfFacts.DisplayName, _mesh.Time, _mesh.NewId).DeviceEvent(
            EvidenceTier.OperationalObservation,
            w =>
            {
                w.WriteString("type", SyncWords.VoidEvent);
                w.WriteString("epoch", epoch);
                w.WriteStartArray("ranges");
                SyncWords.Write(w, range);
                w.WriteEndArray();
            },
            note: null);

    private static string? HlcOf(ReadOnlyMemory<byte> utf8)
    {
        using JsonDocument document = JsonDocument.Parse(utf8);
        return document.RootElement.TryGetProperty("hlc", out JsonElement hlc) && hlc.ValueKind == JsonValueKind.String ? hlc.GetString() : null;
    }
}
