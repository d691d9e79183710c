using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.TestKit;

/// <summary>A trust store without a file. Does not check that a key hashes to its device id; the file does.</summary>
public sealed class InMemoryTrustStore : ITrustStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, TrustEntry> _entries = new(StringComparer.Ordinal);
    private Dictionary<string, TrustEntry>? _snapshot;
    private string? _problem;
    private bool _changed;

    public IReadOnlyDictionary<string, TrustEntry> Entries
    {
        get
        {
            lock (_lock) return _snapshot ??= _problem is null ? new Dictionary<string, TrustEntry>(_entries, StringComparer.Ordinal) : [];
        }
    }

    /// <summary>While set, nobody is trusted and nothing can be written.</summary>
    public string? Problem
    {
        get
        {
            lock (_lock) return _problem;
        }

        set
        {
            lock (_lock)
            {
                _changed |= _problem != value;
                _problem = value;
                _snapshot = null;
            }
        }
    }

    /// <summary>While true, every write fails as on a full disk.</summary>
    public bool FailWrites { get; set; }

    /// <summary>Keys that were pinned, features that were noted: how often the file would have been written.</summary>
    public int Writes { get; private set; }

    /// <summary>Adds or replaces an entry, as an edit of the file does.</summary>
    public TrustEntry Add(NodeId device, string? publicKey = null, PeerGrants? grants = null, string? displayName = null, params IReadOnlyList<string> features)
    {
        var entry = new TrustEntry(device, displayName, publicKey, "2026-11-21T00:42:20.510Z", grants ?? PeerGrants.Default, features);
        Set(entry);
        return entry;
    }

    /// <inheritdoc cref="Add"/>
    public void Set(TrustEntry entry)
    {
        lock (_lock)
        {
            _entries[entry.DeviceId.Value] = entry;
            _snapshot = null;
            _changed = true;
        }
    }

    public bool Remove(NodeId device)
    {
        lock (_lock)
        {
            bool removed = _entries.Remove(device.Value);
            _changed |= removed;
            _snapshot = null;
            return removed;
        }
    }

    public bool Refresh()
    {
        lock (_lock)
        {
            bool changed = _changed;
            _changed = false;
            return changed;
        }
    }

    public void Pin(NodeId device, string publicKey) => Write(device, entry =>
        entry.PublicKey is null ? entry with { PublicKey = publicKey }
        : entry.PublicKey == publicKey ? entry
        : throw new EdgeException(TrustErrorCodes.PublicKeyMismatch, "Could not pin.", "Another key is pinned.", "Remove the entry.", FailureClass.Auth));

    public void NoteFeatures(NodeId device, IReadOnlyList<string> features) => Write(device, entry =>
        entry.Features.SequenceEqual(features) ? entry : entry with { Features = [.. features] });

    private void Write(NodeId device, Func<TrustEntry, TrustEntry> change)
    {
        lock (_lock)
        {
            if (_problem is not null) throw new EdgeException(TrustErrorCodes.StoreUnreadable, "Could not write.", _problem, "Restore it.", FailureClass.Auth);
            if (!_entries.TryGetValue(device.Value, out TrustEntry? entry)) throw new EdgeException("trust.unknown_device", "Could not write.", "There is no entry.", "Add it.", FailureClass.Auth);
            TrustEntry changed = change(entry);
            if (ReferenceEquals(changed, entry)) return;
            if (FailWrites) throw new EdgeException("storage.write_failed", "Could not write.", "The disk is full, as the test wants it.", "None.", FailureClass.Storage);
            _entries[device.Value] = changed;
            _snapshot = null;
            _changed = true;
            Writes++;
        }
    }
}
