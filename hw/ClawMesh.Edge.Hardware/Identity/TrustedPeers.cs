using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// What the text of a trust store says ([W-23], [X-10]). Immutable. Fails closed at two heights: a text that is no store trusts nobody
/// and has a <see cref="Problem"/>; an entry or grant that is wrong is not believed, has a warning, and stays in the file.
/// </summary>
internal sealed class TrustedPeers
{
    private const int MaxFeatures = 32;
    private const int MaxFeatureLength = 32;
    private const int MaxQuoted = 80;

    private static readonly PeerGrants Nothing = new(Gossip: false, Relay: false, Sync: false, [], Approve: false, EvidenceTier.PlanningInference);

    private readonly Dictionary<string, TrustEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _knownIds = [];
    private readonly List<string> _warnings = [];

    private TrustedPeers(string? problem) => Problem = problem;

    /// <summary>The entries that count, by device id.</summary>
    public IReadOnlyDictionary<string, TrustEntry> Entries => _entries;

    /// <summary>Every well-formed device id of the file once, in its order, of entries that do not count too.</summary>
    public IReadOnlyList<string> KnownIds => _knownIds;

    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Null, or the reason why the whole text is no trust store.</summary>
    public string? Problem { get; }

    /// <summary>Entries in the file, whether they count or not.</summary>
    public int Stated { get; private init; }

    /// <summary>Of a store that cannot be used.</summary>
    public static TrustedPeers Unusable(string problem) => new(problem);

    /// <param name="text">At most <see cref="TrustedPeersFile.MaxBytes"/>.</param>
    public static TrustedPeers Read(byte[] text)
    {
        using JsonDocument? document = StrictJson.Parse(text);
        if (document is null) return Unusable(WhyUnsound(text));
        JsonElement root = document.RootElement;
        if (!(root.TryGetProperty("version", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.TryGetDouble(out double number) && number == 1))
            return Unusable("its version is not 1");
        if (!root.TryGetProperty("peers", out JsonElement peers) || peers.ValueKind != JsonValueKind.Array) return Unusable("its member peers is not an array");

        int stated = peers.GetArrayLength();
        if (stated > TrustedPeersFile.MaxEntries) return Unusable($"it has {stated} entries; {TrustedPeersFile.MaxEntries} are allowed");

        var read = new TrustedPeers(null) { Stated = stated };
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int at = 0;
        foreach (JsonElement peer in peers.EnumerateArray()) read.Take(peer, $"Entry {++at}", seen);
        return read;
    }

    /// <summary>Whether two looks at the file mean the same.</summary>
    public bool SaysTheSameAs(TrustedPeers other)
    {
        if (Problem != other.Problem || _entries.Count != other._entries.Count) return false;
        foreach (TrustEntry mine in _entries.Values)
        {
            if (!other._entries.TryGetValue(mine.DeviceId.Value, out TrustEntry? theirs) || !Same(mine, theirs)) return false;
        }

        return true;
    }

    private static bool Same(TrustEntry a, TrustEntry b) =>
        a.DisplayName == b.DisplayName && a.PublicKey == b.PublicKey && a.AddedAt == b.AddedAt && a.Features.SequenceEqual(b.Features) && Same(a.Grants, b.Grants);

    private static bool Same(PeerGrants a, PeerGrants b) =>
        a.Gossip == b.Gossip && a.Relay == b.Relay && a.Sync == b.Sync && a.Approve == b.Approve && a.MaxTier == b.MaxTier && a.Command.SequenceEqual(b.Command);

    private void Take(JsonElement peer, string which, HashSet<string> seen)
    {
        if (peer.ValueKind != JsonValueKind.Object)
        {
            Ignore(which, "it is not an object");
            return;
        }

        string? id = Text(peer, "deviceId");
        if (id is null || !NodeId.IsWellFormed(id))
        {
            Ignore(which, id is null ? "it has no deviceId" : $"'{Quoted(id)}' is no device id, which is 64 hex digits");
            return;
        }

        if (!seen.Add(id))
        {
            // Also when the first one does not count: a classic node takes the first, and so it is the only one there is.
            Ignore(which, $"{id} stands in an entry before it");
            return;
        }

        _knownIds.Add(id);
        string? key = null;
        if (peer.TryGetProperty("publicKey", out JsonElement stated))
        {
            key = Text(peer, "publicKey");
            NodeId? owner = key is null ? null : DeviceIds.OfText(key);
            if (owner?.Value != id)
            {
                Ignore(which, owner is null
                    ? $"the publicKey of {id} is not 32 bytes in base64url"
                    : $"the publicKey of {id} belongs to another device id, {owner}");
                return;
            }
        }

        bool hasEdge = peer.TryGetProperty("edge", out JsonElement edge);
        _entries.Add(id, new TrustEntry(
            new NodeId(id), Text(peer, "displayName"), key, Text(peer, "addedAt") ?? "",
            hasEdge ? Grants(edge, id) : PeerGrants.Default, hasEdge ? Features(edge) : []));
    }

    private PeerGrants Grants(JsonElement edge, string id)
    {
        JsonElement grants = default;
        bool absent = edge.ValueKind == JsonValueKind.Object && !edge.TryGetProperty("grants", out grants);
        if (absent) return PeerGrants.Default;
        if (grants.ValueKind != JsonValueKind.Object)
        {
            _warnings.Add($"{id} may do nothing: its member {(edge.ValueKind == JsonValueKind.Object ? "grants" : "edge")} is not an object.");
            return Nothing;
        }

        PeerGrants byDefault = PeerGrants.Default;
        return new PeerGrants(
            Flag(grants, "gossip", byDefault.Gossip, id), Flag(grants, "relay", byDefault.Relay, id), Flag(grants, "sync", byDefault.Sync, id),
            Command(grants, id), Flag(grants, "approve", byDefault.Approve, id), MaxTier(grants, id));
    }

    private bool Flag(JsonElement grants, string name, bool byDefault, string id)
    {
        if (!grants.TryGetProperty(name, out JsonElement value)) return byDefault;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.ValueKind == JsonValueKind.True;
        _warnings.Add($"The grant {name} of {id} counts as false: it is neither true nor false.");
        return false;
    }

    // One wrong pattern empties the list: who wrote it meant something that is not known here.
    private IReadOnlyList<string> Command(JsonElement grants, string id)
    {
        if (!grants.TryGetProperty("command", out JsonElement value)) return [];
        string? wrong = value.ValueKind != JsonValueKind.Array ? "it is not an array"
            : value.GetArrayLength() > GrantText.MaxPatterns ? $"it has more than {GrantText.MaxPatterns} refs"
            : null;
        var patterns = new List<string>();
        if (wrong is null)
        {
            foreach (JsonElement item in value.EnumerateArray())
            {
                string? pattern = item.ValueKind == JsonValueKind.String ? item.GetString()! : null;
                wrong = pattern is null ? "a ref in it is not a text" : GrantText.PatternProblem(pattern) is { } bad ? $"'{Quoted(pattern)}': {bad}" : null;
                if (wrong is not null) break;
                patterns.Add(pattern!);
            }
        }

        if (wrong is null) return patterns;
        _warnings.Add($"The grant command of {id} counts as empty: {wrong}.");
        return [];
    }

    private EvidenceTier MaxTier(JsonElement grants, string id)
    {
        if (!grants.TryGetProperty("maxTier", out _)) return PeerGrants.Default.MaxTier;
        if (TrustWords.Tier(Text(grants, "maxTier")) is { } tier) return tier;
        _warnings.Add($"The grant maxTier of {id} counts as {TrustWords.T0}: it is none of the four tiers.");
        return EvidenceTier.PlanningInference;
    }

    private static List<string> Features(JsonElement edge)
    {
        var names = new List<string>();
        if (edge.ValueKind != JsonValueKind.Object || !edge.TryGetProperty("features", out JsonElement features) || features.ValueKind != JsonValueKind.Array) return names;
        foreach (JsonElement feature in features.EnumerateArray())
        {
            if (feature.ValueKind == JsonValueKind.String) names.Add(feature.GetString()!);
        }

        return WellFormedFeatures(names);
    }

    /// <summary>The names as [X-8] has them: sorted, each once, at most 32 of at most 32 characters.</summary>
    public static List<string> WellFormedFeatures(IReadOnlyList<string> features)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string feature in features)
        {
            if (names.Count < MaxFeatures && feature.Length is > 0 and <= MaxFeatureLength) names.Add(feature);
        }

        return [.. names];
    }

    private void Ignore(string which, string why) => _warnings.Add($"{which} is not trusted: {why}.");

    private static string? Text(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal static string Quoted(string text) => text.Length <= MaxQuoted ? text : text[..MaxQuoted] + "…";

    /// <summary>Why <see cref="StrictJson.Parse"/> refuses a text.</summary>
    internal static string WhyUnsound(byte[] text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = StrictJson.MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? "a name stands twice in one object, or a text is not valid Unicode"
                : "it is not a JSON object";
        }
        catch (JsonException bad)
        {
            return $"it is not JSON: line {bad.LineNumber + 1}, byte {bad.BytePositionInLine + 1}";
        }
    }
}
