using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

/// <summary>What an entry counts for: its key, its grants, its features.</summary>
public sealed class TrustEntryTests : TrustedPeersBench
{
    [Fact]
    [Trait("spec", "W-25")]
    public void An_entry_with_the_key_of_another_device_is_not_trusted_and_stays()
    {
        Put(File.ReadAllText(GoldenData.PathOf("identities/alpha/mesh/trusted-peers.json")));
        const string Wrong = "64456bb6f67480ca954cd85007f7b29224ad1660f92c14b071c5a0d0795bc0ab";
        TrustedPeersFile store = Open();

        Assert.DoesNotContain(Wrong, store.Entries.Keys);
        Assert.Contains(Wrong, store.KnownIds);
        Assert.Contains("belongs to another device", Assert.Single(store.Warnings), StringComparison.Ordinal);
        Assert.Equal(1, store.UnusableEntries);
        Assert.False(store.Add(new NodeId(Wrong)));
        Fails("trust.unknown_device", () => store.Grant(new NodeId(Wrong), PeerGrants.Default));
        Assert.True(store.Add(One.Id));
        Assert.Contains(Wrong, File.ReadAllText(store.FilePath), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("spec", "W-25")]
    [InlineData("\"publicKey\":null")]
    [InlineData("\"publicKey\":7")]
    [InlineData("\"publicKey\":\"\"")]
    [InlineData("\"publicKey\":\"short\"")]
    public void An_entry_with_something_that_is_no_key_is_not_trusted(string member)
    {
        Put($$"""{"version":1,"peers":[{"deviceId":"{{One.Id}}",{{member}}}]}""");

        Assert.Empty(Open().Entries);
        Assert.Single(Open().Warnings);
        Assert.Null(Open().Problem);
    }

    [Fact]
    [Trait("spec", "W-25")]
    public void A_key_has_one_spelling()
    {
        // The last character carries two bits that are no part of the key.
        char last = One.Key[^1];
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        string twin = One.Key[..^1] + Alphabet[Alphabet.IndexOf(last, StringComparison.Ordinal) | 1];

        Assert.Equal(One.Id, DeviceIds.OfText(One.Key));
        Assert.Null(DeviceIds.OfText(twin));
    }

    [Fact]
    public void Entries_that_are_malformed_or_stand_twice_are_not_trusted_and_removal_takes_all_of_a_device()
    {
        Put($$"""{"version":1,"peers":[5,{"deviceId":7},{"deviceId":"{{One.Id.Value.ToUpperInvariant()}}"},{"deviceId":"{{One.Id}}"},{"deviceId":"{{One.Id}}","publicKey":"{{One.Key}}"},{"deviceId":"{{Two.Id}}"}]}""");
        TrustedPeersFile store = Open();

        Assert.Equal([One.Id.Value, Two.Id.Value], store.Entries.Keys);
        Assert.Null(store.Entries[One.Id.Value].PublicKey);
        Assert.Equal(4, store.UnusableEntries);
        Assert.Equal(4, store.Warnings.Count);
        Assert.True(store.Remove(One.Id));
        Assert.Equal([Two.Id.Value], store.KnownIds);
        Assert.Equal(3, store.UnusableEntries);
    }

    [Fact]
    public void A_good_entry_behind_a_wrong_one_of_the_same_device_does_not_count()
    {
        Put($$"""{"version":1,"peers":[{"deviceId":"{{One.Id}}","publicKey":"{{Two.Key}}"},{"deviceId":"{{One.Id}}","publicKey":"{{One.Key}}"}]}""");

        Assert.Empty(Open().Entries);
    }

    [Fact]
    [Trait("spec", "X-10")]
    [Trait("spec", "X-11")]
    public void Grants_are_read_and_absent_ones_have_their_defaults()
    {
        Put($$"""{"version":1,"peers":[{"deviceId":"{{One.Id}}","edge":{"method":"sas","features":["signed-frames"],"grants":{"gossip":true,"sync":false,"command":["actuator:valve:V1"],"maxTier":"T2_operational_observation"} } },{"deviceId":"{{Two.Id}}","edge":{} }]}""");
        TrustedPeersFile store = Open();

        TrustEntry one = store.Entries[One.Id.Value];
        Assert.Equal((true, true, false, false, EvidenceTier.OperationalObservation), (one.Grants.Gossip, one.Grants.Relay, one.Grants.Sync, one.Grants.Approve, one.Grants.MaxTier));
        Assert.Equal(["actuator:valve:V1"], one.Grants.Command);
        Assert.Equal(["signed-frames"], one.Features);
        Assert.Equal(PeerGrants.Default, store.Entries[Two.Id.Value].Grants);
        Assert.Empty(store.Warnings);
    }

    [Theory]
    [Trait("spec", "X-11")]
    [InlineData("5", false, false, EvidenceTier.PlanningInference)]
    [InlineData("""{"grants":null}""", false, false, EvidenceTier.PlanningInference)]
    [InlineData("""{"grants":{"gossip":"true"}}""", false, true, EvidenceTier.VerifiedActionEvidence)]
    [InlineData("""{"grants":{"approve":1}}""", true, true, EvidenceTier.VerifiedActionEvidence)]
    [InlineData("""{"grants":{"maxTier":"T2"}}""", true, true, EvidenceTier.PlanningInference)]
    [InlineData("""{"grants":{"maxTier":null}}""", true, true, EvidenceTier.PlanningInference)]
    [InlineData("""{"grants":{"command":"actuator:valve:V1"}}""", true, true, EvidenceTier.VerifiedActionEvidence)]
    [InlineData("""{"grants":{"command":["actuator:valve:V1",5]}}""", true, true, EvidenceTier.VerifiedActionEvidence)]
    [InlineData("""{"grants":{"command":["actuator:valve:V1","actuator:*:V2"]}}""", true, true, EvidenceTier.VerifiedActionEvidence)]
    public void A_malformed_grant_fails_closed_with_a_warning_and_the_others_stand(string edge, bool gossip, bool relay, EvidenceTier maxTier)
    {
        Put($$"""{"version":1,"peers":[{"deviceId":"{{One.Id}}","edge":{{edge}} }]}""");
        TrustedPeersFile store = Open();
        PeerGrants grants = Assert.Single(store.Entries.Values).Grants;

        Assert.Equal((gossip, relay, false, maxTier), (grants.Gossip, grants.Relay, grants.Approve, grants.MaxTier));
        Assert.Empty(grants.Command);
        Assert.Contains(One.Id.Value, Assert.Single(store.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-9")]
    public void Features_are_noted_sorted_and_bounded_and_written_only_when_they_differ()
    {
        TrustedPeersFile store = Open();
        store.Add(One.Id);

        store.NoteFeatures(One.Id, ["signed-frames", "edge-sync", "signed-frames", "", new string('x', 33)]);
        byte[] noted = Bytes();
        DateTime written = File.GetLastWriteTimeUtc(store.FilePath);
        store.NoteFeatures(One.Id, ["edge-sync", "signed-frames"]);

        Assert.Equal(["edge-sync", "signed-frames"], Open().Entries[One.Id.Value].Features);
        Assert.Equal(noted, Bytes());
        Assert.Equal(written, File.GetLastWriteTimeUtc(store.FilePath));
        store.NoteFeatures(One.Id, []);
        Assert.Empty(Open().Entries[One.Id.Value].Features);
        Assert.Equal(PeerGrants.Default, Open().Entries[One.Id.Value].Grants);
        Fails("trust.unknown_device", () => store.NoteFeatures(Two.Id, ["edge-sync"]));
    }

    [Fact]
    [Trait("spec", "X-11")]
    public void Noting_features_never_opens_grants_that_a_malformed_member_has_closed()
    {
        Put($$"""{"version":1,"peers":[{"deviceId":"{{One.Id}}","edge":"x"}]}""");
        TrustedPeersFile store = Open();

        store.NoteFeatures(One.Id, ["edge-sync"]);

        Assert.False(Open().Entries[One.Id.Value].Grants.Gossip);
        store.Grant(One.Id, PeerGrants.Default);
        Assert.Empty(store.Warnings);
        Assert.True(store.Entries[One.Id.Value].Grants.Gossip);
    }

    [Fact]
    public void Only_plain_short_texts_are_display_names()
    {
        Assert.True(TrustedPeersFile.IsDisplayName("pump house"));
        Assert.False(TrustedPeersFile.IsDisplayName(""));
        Assert.False(TrustedPeersFile.IsDisplayName("a\u001b[2J"));
        Assert.False(TrustedPeersFile.IsDisplayName("\ud800"));
        Assert.False(TrustedPeersFile.IsDisplayName(new string('a', TrustedPeersFile.MaxNameLength + 1)));
        Assert.Throws<ArgumentException>(() => Open().Add(One.Id, displayName: "\n"));
        Assert.Throws<ArgumentException>(() => Open().Add(new NodeId("x")));
    }
}
