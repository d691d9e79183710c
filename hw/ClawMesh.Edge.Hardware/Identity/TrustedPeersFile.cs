using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// The trust store on disk ([W-23]), shared with classic nodes and with commands in other processes. Readers have an immutable
/// snapshot; every change reads the file anew under a lock, so that none loses another's. A file that cannot be used trusts nobody and
/// is never written ([W-24]). Thread-safe. Calls block for as long as the disk needs.
/// </summary>
public sealed partial class TrustedPeersFile : ITrustStore
{
    public const string RelativePath = "mesh/trusted-peers.json";

    /// <summary>More is not looked at, and not written.</summary>
    public const int MaxBytes = 4 << 20;

    public const int MaxEntries = 1024;

    /// <summary>Characters of a display name.</summary>
    public const int MaxNameLength = 128;

    private readonly Lock _gate = new();
    private readonly string _stateDirectory;
    private readonly TimeProvider _time;
    private readonly int _lockAttempts;
    private FileStamp? _stamp;
    private TrustedPeers _reported;
    private volatile TrustedPeers _current;

    /// <summary>Looks at the file. Creates nothing.</summary>
    /// <param name="time">For <c>addedAt</c> of new entries.</param>
    public TrustedPeersFile(string stateDirectory, TimeProvider time)
        : this(stateDirectory, time, TrustStoreLock.DefaultAttempts)
    {
    }

    internal TrustedPeersFile(string stateDirectory, TimeProvider time, int lockAttempts)
    {
        (_stateDirectory, _time, _lockAttempts) = (stateDirectory, time, lockAttempts);
        FilePath = Path.Combine(stateDirectory, RelativePath);
        _stamp = PathAccess.StampOf(FilePath);
        _current = _reported = Read(FilePath, out _);
    }

    public string FilePath { get; }

    public IReadOnlyDictionary<string, TrustEntry> Entries => _current.Entries;

    public string? Problem => _current.Problem;

    /// <summary>Entries that are not trusted and grants that count as none, each with the reason. They stay in the file as they are.</summary>
    public IReadOnlyList<string> Warnings => _current.Warnings;

    /// <summary>Every device id of the file once, in its order, of entries that are not trusted too.</summary>
    public IReadOnlyList<string> KnownIds => _current.KnownIds;

    /// <summary>Entries in the file that are not trusted.</summary>
    public int UnusableEntries => _current.Stated - _current.Entries.Count;

    /// <inheritdoc/>
    /// <remarks>Costs one system call while the file stays as it is. Changes made through this object count as differences too.</remarks>
    public bool Refresh()
    {
        lock (_gate)
        {
            FileStamp? stamp = PathAccess.StampOf(FilePath);
            if (stamp is null || stamp != _stamp) Load(stamp);
            bool differs = !_current.SaysTheSameAs(_reported);
            _reported = _current;
            return differs;
        }
    }

    /// <summary>Adds an entry; false when the device has one already, which then stays as it is ([W-23]), trusted or not.</summary>
    /// <param name="publicKey">43 base64url characters, or null to pin the first key that comes ([W-26]).</param>
    /// <param name="displayName">As <see cref="IsDisplayName"/> allows, or null.</param>
    /// <param name="grants">Null for those of a classic entry ([X-11]).</param>
    /// <exception cref="EdgeException"><c>PUBLIC_KEY_MISMATCH</c>: the key is not the device's. <c>trust.store_full</c>, <c>trust.busy</c>,
    /// <c>TRUST_STORE_UNREADABLE</c>, <c>storage.write_failed</c>; the file is as it was.</exception>
    public bool Add(NodeId device, string? publicKey = null, string? displayName = null, PeerGrants? grants = null)
    {
        string what = $"Could not trust {device}.";
        if (!NodeId.IsWellFormed(device.Value)) throw new ArgumentException($"'{device}' is no device id.", nameof(device));
        if (displayName is not null && !IsDisplayName(displayName)) throw new ArgumentException("Not a display name.", nameof(displayName));
        if (publicKey is not null) CheckKey(device, publicKey, what);

        MakeFolders();
        return Edit(what, file =>
        {
            if (file.Contains(device)) return false;
            RawObject entry = NewEntry(file, device, publicKey, displayName, what);
            if (grants is not null) SetGrants(entry, grants);
            file.Append(entry);
            return true;
        });
    }

    /// <summary>Takes every entry of the device away; false when there is none.</summary>
    /// <exception cref="EdgeException">As for <see cref="Add"/>.</exception>
    public bool Remove(NodeId device) => Edit($"Could not remove {device} from the trusted peers.", file => file.Remove(device));

    /// <summary>Replaces the grants of a trusted device; what else stands in its <c>edge</c> member stays.</summary>
    /// <exception cref="EdgeException"><c>trust.unknown_device</c>, and as for <see cref="Add"/>.</exception>
    public void Grant(NodeId device, PeerGrants grants) => Grant(device, _ => grants);

    /// <summary>Lets <paramref name="change"/> make new grants of those the file has now.</summary>
    /// <exception cref="EdgeException"><c>trust.unknown_device</c>, and as for <see cref="Add"/>.</exception>
    public void Grant(NodeId device, Func<PeerGrants, PeerGrants> change)
    {
        string what = $"Could not change what {device} may do.";
        Edit(what, file =>
        {
            TrustEntry trusted = file.Now.Entries.GetValueOrDefault(device.Value) ?? throw Unknown(device, what, file);
            return file.Change(device, entry =>
            {
                SetGrants(entry, change(trusted.Grants));
                return true;
            });
        });
    }

    /// <inheritdoc/>
    public void Pin(NodeId device, string publicKey)
    {
        string what = $"Could not pin the key of {device}.";
        CheckKey(device, publicKey, what);
        Edit(what, file =>
        {
            if (!file.Contains(device)) throw Unknown(device, what, file);
            return file.Change(device, entry =>
            {
                if (entry["publicKey"] is not null)
                {
                    if (entry.TextAt("publicKey") == publicKey) return false;
                    throw Mismatch(what, "Its entry has another key, or something that is no key.", "Remove the entry and add it again once you know which key is right.");
                }

                entry.Set("publicKey", RawJson.Text(publicKey), before: "addedAt");
                return true;
            });
        });
    }

    /// <inheritdoc/>
    public void NoteFeatures(NodeId device, IReadOnlyList<string> features)
    {
        string what = $"Could not note the features of {device}.";
        List<string> names = TrustedPeers.WellFormedFeatures(features);
        if (_current.Entries.TryGetValue(device.Value, out TrustEntry? known) && names.SequenceEqual(known.Features)) return;
        Edit(what, file =>
        {
            TrustEntry trusted = file.Now.Entries.GetValueOrDefault(device.Value) ?? throw Unknown(device, what, file);
            if (names.SequenceEqual(trusted.Features)) return false;
            return file.Change(device, entry =>
            {
                // An `edge` that is no object closes every grant; an object in its place would open the defaults.
                if (entry["edge"] is not null && entry.ObjectAt("edge") is null) return false;
                RawObject edge = entry.ObjectAt("edge") ?? new RawObject();
                edge.Set("features", RawJson.Value(writer =>
                {
                    writer.WriteStartArray();
                    foreach (string name in names) writer.WriteStringValue(name);
                    writer.WriteEndArray();
                }));
                entry.Set("edge", edge.ToBytes());
                return true;
            });
        });
    }

    /// <summary>The fault of an act that needs the store while it has a <see cref="Problem"/>.</summary>
    /// <param name="what">What did not happen.</param>
    public EdgeException Unreadable(string what, string problem) => new(
        TrustErrorCodes.StoreUnreadable, what, problem,
        $"Restore '{FilePath}' from a backup or correct it by hand; it is never overwritten. Moving it away means: nobody is trusted.", FailureClass.Auth);

    /// <summary>Whether a text may be a display name: 1 to 128 characters, none of them a control character or half of a pair.</summary>
    public static bool IsDisplayName(string text)
    {
        if (text.Length is 0 or > MaxNameLength) return false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar) return false;
        }

        return true;
    }

    // One after the other: parents that are made on the way would be open to others.
    private void MakeFolders()
    {
        UnixMode.CreateDirectory(_stateDirectory, UnixMode.OwnerOnlyDirectory);
        UnixMode.CreateDirectory(Path.GetDirectoryName(FilePath)!, UnixMode.OwnerOnlyDirectory);
    }

    private RawObject NewEntry(TrustedPeersEdit file, NodeId device, string? publicKey, string? displayName, string what)
    {
        if (file.Count >= MaxEntries) throw Full(what, $"It has {file.Count} entries, as many as are allowed.");
        var entry = new RawObject();
        entry.Set("deviceId", RawJson.Text(device.Value));
        if (displayName is not null) entry.Set("displayName", RawJson.Text(displayName));
        if (publicKey is not null) entry.Set("publicKey", RawJson.Text(publicKey));
        entry.Set("addedAt", RawJson.Text(NowText()));
        return entry;
    }

    private string NowText() => _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void SetGrants(RawObject entry, PeerGrants grants)
    {
        RawObject edge = entry.ObjectAt("edge") ?? new RawObject();
        RawObject had = edge.ObjectAt("grants") ?? new RawObject();
        had.Lay(new RawObject(RawJson.Value(writer => GrantText.WriteJson(writer, grants))));
        edge.Set("grants", had.ToBytes());
        entry.Set("edge", edge.ToBytes());
    }

    // True when the file was written.
    private bool Edit(string what, Func<TrustedPeersEdit, bool> change)
    {
        string folder = Path.GetDirectoryName(FilePath)!;
        if (!Directory.Exists(folder)) return change(Usable(what, out _));

        using TrustStoreLock alone = TrustStoreLock.Take(Path.Combine(folder, "trusted-peers.lock"), what, _lockAttempts);
        try
        {
            TrustedPeersEdit file = Usable(what, out byte[]? text);
            if (!change(file)) return false;
            byte[] content = file.ToBytes();
            if (content.Length > MaxBytes) throw Full(what, $"It would have {content.Length} bytes; {MaxBytes} are allowed.");
            if (text is not null && content.AsSpan().SequenceEqual(text)) return true;
            AtomicFile.Write(FilePath, content, SharedFile.ModeOf(FilePath));
            return true;
        }
        finally
        {
            // Also after a failed write, of which the new content may be on disk already.
            lock (_gate) Load(PathAccess.StampOf(FilePath));
        }
    }

    private TrustedPeersEdit Usable(string what, out byte[]? text)
    {
        TrustedPeers now = Read(FilePath, out text);
        return now.Problem is null ? new TrustedPeersEdit(text, now) : throw Unreadable(what, now.Problem);
    }

    // Under the gate, so that an older look never replaces a newer one. The stamp is from before the read: a change in between shows next time.
    private void Load(FileStamp? stamp) => (_current, _stamp) = (Read(FilePath, out _), stamp);

    /// <param name="text">Null when there is no file, or it cannot be read.</param>
    private static TrustedPeers Read(string path, out byte[]? text)
    {
        text = SharedFile.Read(path, MaxBytes, out string? problem);
        if (problem is not null) return Unusable(path, problem);
        if (text is null) return TrustedPeers.Read(TrustedPeersEdit.Empty);
        TrustedPeers peers = TrustedPeers.Read(text);
        if (peers.Problem is null) return peers;
        text = null;
        return Unusable(path, peers.Problem);
    }

    private static TrustedPeers Unusable(string path, string why) => TrustedPeers.Unusable($"The trust store '{path}' cannot be used: {why}.");

    private static void CheckKey(NodeId device, string publicKey, string what)
    {
        if (DeviceIds.OfText(publicKey) is not { } owner)
            throw Mismatch(what, "The key given is not 32 bytes in base64url, which are 43 characters.", "Copy it from `clawmesh-edge identity` on that device.");
        if (owner != device)
            throw Mismatch(what, $"The key given belongs to {owner}.", "Compare device id and key with `clawmesh-edge identity` on that device.");
    }

    private static EdgeException Mismatch(string what, string why, string fix) => new(TrustErrorCodes.PublicKeyMismatch, what, why, fix, FailureClass.Auth);

    private EdgeException Full(string what, string why) => new(
        "trust.store_full", what, $"'{FilePath}' is full. {why}", "Remove devices that are gone with `clawmesh-edge trust remove`.", FailureClass.Auth);

    private EdgeException Unknown(NodeId device, string what, TrustedPeersEdit file) => new(
        "trust.unknown_device", what,
        file.Contains(device) ? $"Its entry in '{FilePath}' is not trusted." : $"'{FilePath}' has no entry for it.",
        "`clawmesh-edge trust list` shows the entries and what is wrong with them; `trust add` adds one.", FailureClass.Auth);
}
