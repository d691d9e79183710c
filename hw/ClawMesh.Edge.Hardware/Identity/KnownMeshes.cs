using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>One mesh of <c>meshes.json</c>.</summary>
/// <param name="Name">As configuration called it once; null for one that was only met.</param>
/// <param name="Policy">What a person decided; null when nobody did.</param>
/// <param name="FirstSeen">ISO 8601, UTC; empty when it never was.</param>
/// <param name="LastSeen">As <paramref name="FirstSeen"/>; up to an hour behind.</param>
/// <param name="Joined">This node joined it by pairing.</param>
public sealed record KnownMesh(string MeshId, string? Name, JoinPolicy? Policy, string FirstSeen, string LastSeen, bool Joined)
{
    /// <summary>Nobody decided anything about it, so it may be forgotten when room is needed.</summary>
    public bool IsOnlyMet => Name is null && Policy is null && !Joined;
}

/// <summary>
/// What the text of <c>meshes.json</c> says. Immutable. Fails closed: a text that is no such list has a <see cref="Problem"/> and nothing
/// is joined; an entry that is wrong does not count, a policy that is no policy counts as never; both have a warning and stay in the file.
/// </summary>
internal sealed class KnownMeshes
{
    private const int MaxName = 256;

    private readonly List<KnownMesh> _meshes = [];
    private readonly List<string> _warnings = [];

    private KnownMeshes(string? problem) => Problem = problem;

    /// <summary>The entries that count, in the order of the file.</summary>
    public IReadOnlyList<KnownMesh> Meshes => _meshes;

    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Null, or the reason why the whole text is no list of meshes.</summary>
    public string? Problem { get; }

    /// <summary>The mesh this node joined; null when it joined none. With a <see cref="Problem"/> the last one known.</summary>
    public string? Joined { get; private set; }

    /// <param name="joined">The mesh that the list named before it became unusable: a node does not leave its mesh because a disk fails.</param>
    public static KnownMeshes Unusable(string problem, string? joined = null) => new(problem) { Joined = joined };

    /// <param name="text">At most <see cref="KnownMeshesFile.MaxBytes"/>.</param>
    public static KnownMeshes Read(byte[] text)
    {
        using JsonDocument? document = StrictJson.Parse(text);
        if (document is null) return Unusable(TrustedPeers.WhyUnsound(text));
        JsonElement root = document.RootElement;
        if (!(root.TryGetProperty("version", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.TryGetDouble(out double number) && number == 1))
            return Unusable("its version is not 1");
        if (!root.TryGetProperty("meshes", out JsonElement meshes) || meshes.ValueKind != JsonValueKind.Array) return Unusable("its member meshes is not an array");
        if (meshes.GetArrayLength() is var stated and > KnownMeshesFile.MaxEntries) return Unusable($"it has {stated} entries; {KnownMeshesFile.MaxEntries} are allowed");

        var read = new KnownMeshes(null);
        int at = 0;
        foreach (JsonElement mesh in meshes.EnumerateArray()) read.Take(mesh, ++at);
        return read;
    }

    public KnownMesh? Find(string meshId) => _meshes.Find(m => m.MeshId == meshId);

    private void Take(JsonElement mesh, int at)
    {
        string? id = mesh.ValueKind == JsonValueKind.Object ? Text(mesh, "meshId") : null;
        if (id is null || !MeshIdentity.IsMeshId(id) || Find(id) is not null)
        {
            _warnings.Add($"Entry {at} does not count: {(id is null ? "it has no meshId" : Find(id) is null ? $"'{TrustedPeers.Quoted(id)}' is no mesh id" : $"{id} stands in an entry before it")}.");
            return;
        }

        JoinPolicy? policy = null;
        if (mesh.TryGetProperty("policy", out _))
        {
            policy = JoinPolicyWords.Of(Text(mesh, "policy"));
            if (policy is null) _warnings.Add($"The policy of {id} counts as never: it is none of auto, ask and never.");
            policy ??= JoinPolicy.Never;
        }

        bool joined = mesh.TryGetProperty("joined", out JsonElement j) && j.ValueKind == JsonValueKind.True;
        if (joined && Joined is not null)
        {
            _warnings.Add($"{id} does not count as joined: a node belongs to one mesh, and {Joined} stands before it.");
            joined = false;
        }

        if (joined) Joined = id;
        string? name = Text(mesh, "name");
        _meshes.Add(new KnownMesh(id, name is { Length: > 0 and <= MaxName } ? name : null, policy, Text(mesh, "firstSeen") ?? "", Text(mesh, "lastSeen") ?? "", joined));
    }

    private static string? Text(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
