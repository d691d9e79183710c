using System.Text.Json;
using ClawMesh.Edge.Core.Capabilities;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>Grants in a pairing ([X-62]): what is asked for, what is given, and what both agree on.</summary>
public static class PairingGrants
{
    /// <summary>Reads <c>wants</c> or <c>offers</c>. What is not stated is not asked for and not given. Null when a member has a wrong form.</summary>
    public static PeerGrants? Read(JsonElement grants)
    {
        if (grants.ValueKind != JsonValueKind.Object) return null;
        if (Flag(grants, "gossip") is not { } gossip || Flag(grants, "relay") is not { } relay || Flag(grants, "sync") is not { } sync || Flag(grants, "approve") is not { } approve) return null;
        var command = new List<string>();
        if (grants.TryGetProperty("command", out JsonElement list))
        {
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > GrantText.MaxPatterns) return null;
            foreach (JsonElement item in list.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.String || GrantText.PatternProblem(item.GetString()!) is not null) return null;
                if (!command.Contains(item.GetString()!)) command.Add(item.GetString()!);
            }
        }

        EvidenceTier maxTier = PeerGrants.Default.MaxTier;
        if (grants.TryGetProperty("maxTier", out JsonElement tier))
        {
            if (tier.ValueKind != JsonValueKind.String || TrustWords.Tier(tier.GetString()) is not { } stated) return null;
            maxTier = stated;
        }

        return new PeerGrants(gossip, relay, sync, command, approve, maxTier);
    }

    /// <summary>What one offers and the other wants: never more than either.</summary>
    public static PeerGrants Both(PeerGrants offers, PeerGrants wants)
    {
        var command = new List<string>();
        foreach (string offered in offers.Command)
        {
            foreach (string wanted in wants.Command)
            {
                string? narrower = Covers(offered, wanted) ? wanted : Covers(wanted, offered) ? offered : null;
                if (narrower is not null && command.Count < GrantText.MaxPatterns && !command.Contains(narrower)) command.Add(narrower);
            }
        }

        return new PeerGrants(
            offers.Gossip && wants.Gossip, offers.Relay && wants.Relay, offers.Sync && wants.Sync, command, offers.Approve && wants.Approve,
            offers.MaxTier < wants.MaxTier ? offers.MaxTier : wants.MaxTier);
    }

    /// <summary>Approvals and patterns: what a person is asked for a second time.</summary>
    public static bool AreWide(PeerGrants grants)
    {
        if (grants.Approve) return true;
        foreach (string pattern in grants.Command)
        {
            if (pattern.Contains('*', StringComparison.Ordinal)) return true;
        }

        return false;
    }

    // A narrower pattern is itself matched as if it were a ref: its own star stands for no less than one segment.
    private static bool Covers(string pattern, string other) => pattern == other || CapabilityPattern.Matches(pattern, other);

    private static bool? Flag(JsonElement grants, string name) =>
        !grants.TryGetProperty(name, out JsonElement value) ? false
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.ValueKind == JsonValueKind.True
        : null;
}
