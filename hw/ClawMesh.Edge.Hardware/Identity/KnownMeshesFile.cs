using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>Why a node belongs to the mesh it belongs to.</summary>
public enum MeshOrigin
{
    /// <summary>Configuration names it ([W-29]).</summary>
    Configuration,

    /// <summary>It joined it, <c>meshes.json</c> says so.</summary>
    Joined,

    /// <summary>It invented it, <c>mesh/mesh-id</c> holds it ([W-30]).</summary>
    Invented,
}

/// <summary>
/// The meshes this node knows, <c>&lt;state&gt;/meshes.json</c>, and the one it belongs to: the one configuration names, else the one it
/// joined, else the one it invented. Commands in other processes edit the same file; a change is seen within a second. A file that cannot
/// be used is never written: then nothing is joined, nobody found is dialled by itself, and the node stays in the mesh it was in.
/// Thread-safe. Edits block for as long as the disk needs.
/// </summary>
public sealed class KnownMeshesFile : IMeshMembership
{
    public const string RelativePath = "meshes.json";

    /// <summary>Meshes that were only met. Anybody near may announce any number; the one not seen for longest goes first.</summary>
    public const int MaxMet = 64;

    /// <summary>All entries, those with a decision of a person too.</summary>
    public const int MaxEntries = 256;

    /// <summary>More is not looked at, and not written.</summary>
    public const int MaxBytes = 256 << 10;

    // A stranger's announcement must hold up neither the mesh's tick nor a command.
    private const int BriefAttempts = 20;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WriteEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SeenAgainAfter = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly string _stateDirectory;
    private readonly string? _name;
    private readonly string? _named;
    private readonly TimeProvider _time;
    private readonly Func<Guid>? _newId;
    private readonly Func<ITrustStore?> _trust;
    private readonly Dictionary<string, string> _met = new(StringComparer.Ordinal);
    private volatile string? _invented;
    private volatile string? _last;
    private FileStamp? _stamp;
    private KnownMeshes _current;
    private long _lookedAt;
    private long? _nextWrite;

    /// <summary>Looks at the file.</summary>
    /// <param name="meshName">The name that configuration gives the mesh, or null.</param>
    /// <param name="newId">Makes a random UUIDv4 for a node without a mesh; null invents none, for who only looks.</param>
    /// <param name="trust">Whom the node trusts; without a usable store others count as trusted.</param>
    /// <exception cref="EdgeException"><c>mesh.id_unreadable</c>, <c>storage.write_failed</c>: the mesh cannot be told, and none invented.</exception>
    public KnownMeshesFile(string stateDirectory, string? meshName, TimeProvider time, Func<Guid>? newId = null, Func<ITrustStore?>? trust = null)
    {
        (_stateDirectory, _time, _newId, _trust) = (stateDirectory, time, newId, trust ?? (() => null));
        _name = string.IsNullOrEmpty(meshName) ? null : meshName;
        _named = _name is null ? null : MeshIdentity.OfName(_name);
        FilePath = Path.Combine(stateDirectory, RelativePath);
        _stamp = PathAccess.StampOf(FilePath);
        _current = Read(out _);
        _last = _current.Joined;
        _lookedAt = time.GetTimestamp();
        if (newId is null || _named is not null) return;
        try
        {
            // A fault shows at the start, not in the first handshake or command.
            _invented = MeshIdentity.LoadOrCreate(stateDirectory, newId);
            _last ??= _invented;
        }
        catch (EdgeException) when (_current.Joined is not null)
        {
            // It belongs to another mesh; the invented one is what it would fall back to.
            _invented = null;
        }
    }

    public string FilePath { get; }

    /// <inheritdoc/>
    public string MeshId => OwnMeshId ?? throw new InvalidOperationException("No mesh was invented, and who only looks invents none.");

    /// <summary>
    /// As <see cref="MeshId"/>; null where none is invented yet and this object invents none. Once it was told, a fault keeps the last one.
    /// </summary>
    /// <exception cref="EdgeException"><c>mesh.id_unreadable</c>, when none was told before.</exception>
    public string? OwnMeshId
    {
        get
        {
            if ((_named ?? Now().Joined) is { } known) return _last = known;
            try
            {
                return _last = _invented ??= _newId is null ? MeshIdentity.TryLoad(_stateDirectory) : MeshIdentity.LoadOrCreate(_stateDirectory, _newId);
            }
            catch (Exception) when (_last is not null)
            {
                // Sessions, handshakes and the mesh's tick ask; none of them could do anything about it.
                return _last;
            }
        }
    }

    public MeshOrigin Origin => _named is not null ? MeshOrigin.Configuration : Now().Joined is not null ? MeshOrigin.Joined : MeshOrigin.Invented;

    /// <summary>The name that configuration gives the mesh, or null.</summary>
    public string? Name => _name;

    /// <summary>The entries that count, in the order of the file.</summary>
    public IReadOnlyList<KnownMesh> Meshes => Now().Meshes;

    /// <summary>Entries and policies that do not count as they stand, each with the reason.</summary>
    public IReadOnlyList<string> Warnings => Now().Warnings;

    /// <summary>Null, or why the file cannot be used.</summary>
    public string? Problem => Now().Problem;

    /// <inheritdoc/>
    public bool IsOwnInvention => Origin == MeshOrigin.Invented && TrustsNobody();

    /// <inheritdoc/>
    /// <remarks>While the file cannot be used, ask for every mesh: a person may have decided something that nobody can read.</remarks>
    public JoinPolicy PolicyOf(string meshId)
    {
        KnownMeshes now = Now();
        if (now.Problem is not null) return JoinPolicy.Ask;
        return now.Find(meshId)?.Policy ?? (meshId == OwnMeshId ? JoinPolicy.Auto : JoinPolicy.Ask);
    }

    /// <inheritdoc/>
    /// <remarks>The file is written at most once in five minutes, and a mesh known already is noted once an hour.</remarks>
    public void Met(string meshId)
    {
        if (!MeshIdentity.IsMeshId(meshId) || meshId == OwnMeshId) return;
        DateTimeOffset seen = _time.GetUtcNow();
        KeyValuePair<string, string>[] due;
        lock (_gate)
        {
            bool known = _current.Find(meshId) is { } entry && DateTimeOffset.TryParse(entry.LastSeen, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset last)
                && (seen - last).Duration() < SeenAgainAfter;
            if (!known && (_met.Count < MaxMet || _met.ContainsKey(meshId))) _met[meshId] = Iso(seen);
            if (_met.Count == 0 || _current.Problem is not null || _time.GetTimestamp() < _nextWrite) return;
            _nextWrite = _time.GetTimestamp() + (long)(WriteEvery.TotalSeconds * _time.TimestampFrequency);
            due = [.. _met];
            _met.Clear();
        }

        try
        {
            Edit("Could not note the meshes that were met.", BriefAttempts, (file, now) => Note(file, now, due));
        }
        catch (EdgeException)
        {
            // What strangers announce is a courtesy to whoever asks for the list; it waits for the next time. A lock that another program
            // held for a moment used to cost a whole five minutes of it.
            lock (_gate)
            {
                foreach ((string id, string at) in due)
                {
                    if (_met.Count < MaxMet) _met.TryAdd(id, at);
                }
            }
        }
    }

    /// <summary>Writes the name that configuration gives the mesh beside its id, once, so that it is still known after the configuration has changed.</summary>
    /// <exception cref="EdgeException">As for <see cref="SetPolicy"/>.</exception>
    public void NoteName()
    {
        if (_named is null || Now().Find(_named)?.Name == _name) return;
        Edit("Could not note the name of the mesh.", TrustStoreLock.DefaultAttempts, (file, _) => Put(file, _named, entry =>
        {
            if (entry.TextAt("name") == _name) return false;
            entry.Set("name", RawJson.Text(_name!));
            return true;
        }));
    }

    /// <summary>A person decides about a mesh, met or not.</summary>
    /// <exception cref="EdgeException"><c>mesh.list_unreadable</c>, <c>mesh.list_full</c>, <c>trust.busy</c>, <c>storage.write_failed</c>; the file is as it was.</exception>
    public bool SetPolicy(string meshId, JoinPolicy policy)
    {
        string what = $"Could not set the policy of mesh {meshId}.";
        if (!MeshIdentity.IsMeshId(meshId)) throw new ArgumentException($"'{meshId}' is no mesh id.", nameof(meshId));
        return Edit(what, TrustStoreLock.DefaultAttempts, (file, now) =>
        {
            if (!file.Contains(meshId) && file.Count >= MaxEntries) throw Full(what, $"It has {file.Count} entries; {MaxEntries} are allowed.");
            return Put(file, meshId, entry =>
            {
                if (entry.TextAt("policy") == policy.Word()) return false;
                entry.Set("policy", RawJson.Text(policy.Word()));
                return true;
            });
        });
    }

    /// <summary>Takes the entry of a mesh away; false when there is none. A node that had joined it belongs to the mesh it invented again.</summary>
    /// <exception cref="EdgeException">As for <see cref="SetPolicy"/>; <c>mesh.id_unreadable</c>.</exception>
    public bool Forget(string meshId)
    {
        // Before, so that a node does not find itself without a mesh.
        if (_named is null && _newId is not null) _invented ??= MeshIdentity.LoadOrCreate(_stateDirectory, _newId);
        return Edit($"Could not forget mesh {meshId}.", TrustStoreLock.DefaultAttempts, (file, _) => file.Remove(meshId));
    }

    /// <inheritdoc/>
    public void Join(string meshId)
    {
        string what = $"Could not join mesh {meshId}.";
        if (meshId == OwnMeshId) return;
        if (!MeshIdentity.IsMeshId(meshId)) throw NotJoinable(what, "That is no mesh id ([W-29], [W-30]).", "The other device must state one.");
        if (_name is not null) throw NotJoinable(what, $"Configuration says that this node belongs to mesh '{_name}'.", "Take meshName out of node.json, or give the other device the same name.");
        if (!TrustsNobody()) throw NotJoinable(what, "This node trusts devices of its own mesh already, or cannot tell whom it trusts; they would be left behind.", "Let the other device join this mesh, or `clawmesh-edge trust remove` those devices first.");
        Edit(what, TrustStoreLock.DefaultAttempts, (file, now) =>
        {
            if (now.Find(meshId) is { Policy: JoinPolicy.Never })
                throw NotJoinable(what, "A person has said that this mesh is never joined.", $"`clawmesh-edge meshes set-policy {meshId} ask` if it may be after all.");
            if (!file.Contains(meshId) && file.Count >= MaxEntries) throw Full(what, $"It has {file.Count} entries; {MaxEntries} are allowed.");
            foreach (KnownMesh other in now.Meshes)
            {
                if (other.Joined) file.Change(other.MeshId, entry => SetJoined(entry, "false"u8));
            }

            string at = Iso(_time.GetUtcNow());
            return Put(file, meshId, entry =>
            {
                if (entry["firstSeen"] is null) entry.Set("firstSeen", RawJson.Text(at));
                entry.Set("lastSeen", RawJson.Text(at));
                return SetJoined(entry, "true"u8);
            });
        });
    }

    /// <summary>The fault of an act that needs the file while it has a <see cref="Problem"/>.</summary>
    /// <param name="what">What did not happen.</param>
    public EdgeException Unreadable(string what, string problem) => new(
        "mesh.list_unreadable", what, problem,
        $"Restore '{FilePath}' from a backup or correct it by hand; it is never overwritten. Moving it away means: no mesh is joined and no policy is set.", FailureClass.Config);

    private static bool SetJoined(RawObject entry, ReadOnlySpan<byte> value)
    {
        entry.Set("joined", value.ToArray());
        return true;
    }

    private static bool Put(RawEntries file, string meshId, Func<RawObject, bool> change)
    {
        if (file.Contains(meshId)) return file.Change(meshId, change);
        var entry = new RawObject();
        entry.Set("meshId", RawJson.Text(meshId));
        change(entry);
        file.Append(entry);
        return true;
    }

    private static bool Note(RawEntries file, KnownMeshes now, KeyValuePair<string, string>[] met)
    {
        var only = new List<(string Id, string LastSeen)>();
        foreach (KnownMesh known in now.Meshes)
        {
            if (known.IsOnlyMet) only.Add((known.MeshId, known.LastSeen));
        }

        foreach ((string id, string seen) in met)
        {
            if (now.Find(id) is null && !file.Contains(id)) only.Add((id, seen));
            else only = only.ConvertAll(o => o.Id == id ? (id, seen) : o);
            Put(file, id, entry =>
            {
                if (entry["firstSeen"] is null) entry.Set("firstSeen", RawJson.Text(seen));
                entry.Set("lastSeen", RawJson.Text(seen));
                return true;
            });
        }

        only.Sort((a, b) => string.CompareOrdinal(b.LastSeen, a.LastSeen));
        for (int i = only.Count - 1; i >= 0 && (i >= MaxMet || file.Count > MaxEntries); i--) file.Remove(only[i].Id);
        return true;
    }

    private bool TrustsNobody()
    {
        ITrustStore? trust = _trust();
        if (trust is null) return false;
        trust.Refresh();
        return trust.Problem is null && trust.Entries.Count == 0;
    }

    private KnownMeshes Now()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_lookedAt) < LookEvery) return _current;
            FileStamp? stamp = PathAccess.StampOf(FilePath);
            if (stamp is null || stamp != _stamp) Load(stamp);
            _lookedAt = _time.GetTimestamp();
            return _current;
        }
    }

    private bool Edit(string what, int attempts, Func<RawEntries, KnownMeshes, bool> change)
    {
        UnixMode.CreateDirectory(_stateDirectory, UnixMode.OwnerOnlyDirectory);
        using TrustStoreLock alone = TrustStoreLock.Take(Path.Combine(_stateDirectory, "meshes.lock"), what, attempts);
        try
        {
            KnownMeshes now = Read(out byte[]? text);
            if (now.Problem is { } problem) throw Unreadable(what, problem);
            var file = new RawEntries(text ?? Empty, "meshes", "meshId");
            if (!change(file, now)) return false;
            byte[] content = file.ToBytes();
            if (content.Length > MaxBytes) throw Full(what, $"It would have {content.Length} bytes; {MaxBytes} are allowed.");
            AtomicFile.Write(FilePath, content, SharedFile.ModeOf(FilePath));
            return true;
        }
        finally
        {
            // Also after a failed write, of which the new content may be on disk already.
            lock (_gate) Load(PathAccess.StampOf(FilePath));
        }
    }

    private static byte[] Empty => """{"version":1,"meshes":[]}"""u8.ToArray();

    // Under the gate. The stamp is from before the read: a change in between shows next time.
    private void Load(FileStamp? stamp)
    {
        KnownMeshes read = Read(out _);
        (_current, _stamp) = (read.Problem is { } problem ? KnownMeshes.Unusable(problem, _current.Joined) : read, stamp);
    }

    private KnownMeshes Read(out byte[]? text)
    {
        text = SharedFile.Read(FilePath, MaxBytes, out string? problem);
        KnownMeshes? read = text is null ? null : KnownMeshes.Read(text);
        problem ??= read?.Problem;
        return problem is not null ? KnownMeshes.Unusable($"The list of meshes '{FilePath}' cannot be used: {problem}.") : read ?? KnownMeshes.Read(Empty);
    }

    private static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static EdgeException NotJoinable(string what, string why, string fix) => new("mesh.not_joinable", what, why, fix, FailureClass.Config);

    private EdgeException Full(string what, string why) => new(
        "mesh.list_full", what, $"'{FilePath}' is full. {why}", "Forget meshes that no longer matter with `clawmesh-edge meshes forget`.", FailureClass.Config);
}
