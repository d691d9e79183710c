using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Sync;

namespace ClawMesh.Edge.Mesh.Origin;

/// <summary>The table of: what a frame is worth by who signed it, who brought it and what was seen of its origin before. Thread-safe.</summary>
internal sealed class FrameStandings(ITrustStore trust, SequenceBook book, ISettingsStore? settings, IEventSink events)
{
    private const string ForkedKey = "mesh.forked";
    private const int MaxMarked = 1_024;

    private readonly Lock _lock = new();

    // Seen signing in this life; seen without the feature on a session of its own since. Bounded by the trust store: only its devices enter.
    private readonly HashSet<string> _signing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _classicAgain = new(StringComparer.Ordinal);
    private readonly HashSet<string> _forked = [.. settings?.Get(ForkedKey)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? []];

    /// <summary>Origins whose numbers contradict each other ([X-21]).</summary>
    public int Forked
    {
        get
        {
            lock (_lock) return _forked.Count;
        }
    }

    /// <summary>Whether grants let a frame in at all ([X-11]).</summary>
    public static bool MayHear(Session from, MeshFrame frame, PeerGrants grants) => IsDirect(from, frame) ? grants.Gossip : grants.Relay;

    /// <summary>The key a signature of an origin is checked with; null when the origin is not trusted or its key not known yet.</summary>
    public string? KeyOf(string origin) => trust.Entries.TryGetValue(origin, out TrustEntry? entry) ? entry.PublicKey : null;

    /// <summary>What an unsigned frame is.</summary>
    public FrameStanding Unsigned(Session from, MeshFrame frame)
    {
        if (!trust.Entries.ContainsKey(frame.SourceDeviceId)) return FrameStanding.UnknownOrigin;
        if (KnownToSign(frame.SourceDeviceId)) return FrameStanding.Stripped;
        return IsDirect(from, frame) ? FrameStanding.Session : FrameStanding.UnsignedClassic;
    }

    /// <summary>[X-19].</summary>
    public bool KnownToSign(string origin)
    {
        lock (_lock)
        {
            if (_signing.Contains(origin)) return true;
            if (_classicAgain.Contains(origin)) return false;
        }

        return book.Knows(origin) || (trust.Entries.TryGetValue(origin, out TrustEntry? entry) && entry.Features.Contains(EdgeFeatures.SignedFrames));
    }

    /// <summary>An origin has shown on a session of its own that it signs.</summary>
    public void Signs(string origin)
    {
        lock (_lock)
        {
            if (_signing.Count < MaxMarked) _signing.Add(origin);
            _classicAgain.Remove(origin);
        }
    }

    /// <summary>A verified frame of an origin was taken in. It says nothing of one that has gone back to classic software since: the frame may be old.</summary>
    public void SeenSigning(string origin)
    {
        lock (_lock)
        {
            if (!_classicAgain.Contains(origin) && _signing.Count < MaxMarked) _signing.Add(origin);
        }
    }

    public bool IsForked(string origin)
    {
        lock (_lock) return _forked.Contains(origin);
    }

    /// <summary>A device that was known to sign has proved on a session of its own that it does not any more.</summary>
    /// <returns>True when it was known to sign.</returns>
    public bool WentClassic(string origin)
    {
        if (!KnownToSign(origin)) return false;
        lock (_lock)
        {
            _signing.Remove(origin);
            if (_classicAgain.Count < MaxMarked) _classicAgain.Add(origin);
        }

        return true;
    }

    /// <summary>The highest tier believed of a frame of this standing.</summary>
    public EvidenceTier Ceiling(MeshFrame frame)
    {
        if (frame.Standing is not (FrameStanding.Verified or FrameStanding.Session)) return EvidenceTier.UnverifiedObservation;
        if (!trust.Entries.TryGetValue(frame.SourceDeviceId, out TrustEntry? entry)) return EvidenceTier.UnverifiedObservation;
        lock (_lock)
        {
            if (_forked.Contains(frame.SourceDeviceId) && entry.Grants.MaxTier > EvidenceTier.UnverifiedObservation) return EvidenceTier.UnverifiedObservation;
        }

        return entry.Grants.MaxTier;
    }

    /// <summary>Two verified frames of an origin bear one number: it was cloned, or its disk was set back ([X-21]).</summary>
    public void Fork(MeshFrame frame)
    {
        string[] all;
        lock (_lock)
        {
            if (_forked.Count >= MaxMarked || !_forked.Add(frame.SourceDeviceId)) return;
            all = [.. _forked];
        }

        events.Publish(new EdgeEvent(
            0, default, EventTypes.PeerFault, EventSeverity.Error, frame.SourceDeviceId[..12],
            $"[SEQ_FORK] {frame.SourceDeviceId[..12]}… has signed two frames with number {frame.Stamp!.Sequence} of epoch {frame.Stamp.Epoch}: it was cloned, or its disk was set back. Its frames count as unverified until an operator grants it its tier again with `clawmesh-edge trust grant`.",
            FailureClass.Auth));
        Save(all);
    }

    /// <summary>An operator has looked at an origin and vouches for it again.</summary>
    public void ClearFork(string origin)
    {
        string[] all;
        lock (_lock)
        {
            if (!_forked.Remove(origin)) return;
            all = [.. _forked];
        }

        Save(all);
    }

    private static bool IsDirect(Session from, MeshFrame frame) => frame.Hops == 0 && frame.SourceDeviceId == from.DeviceId.Value;

    // What cannot be written counts until the next start.
    private void Save(string[] all)
    {
        if (settings is not null) _ = SettingNote.TryWriteAsync(settings, ForkedKey, string.Join(' ', all));
    }
}
