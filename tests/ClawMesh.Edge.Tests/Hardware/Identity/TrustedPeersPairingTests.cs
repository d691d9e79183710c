using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

/// <summary>What a pairing leaves in the file.</summary>
[Trait("spec", "X-10")]
[Trait("spec", "X-59")]
public sealed class TrustedPeersPairingTests : TrustedPeersBench
{
    private static readonly PeerGrants Granted = PeerGrants.Default with { Relay = false, Command = ["actuator:valve:V1"] };

    [Fact]
    public void A_new_entry_is_pinned_and_says_how_and_when_it_came()
    {
        TrustedPeersFile store = Open();
        store.AddPaired(One.Id, One.Key, "pump house", Granted);

        TrustEntry entry = store.Entries[One.Id.Value];
        Assert.Equal((One.Key, "pump house", false), (entry.PublicKey, entry.DisplayName, entry.Grants.Relay));
        Assert.Equal(["actuator:valve:V1"], entry.Grants.Command);
        using JsonDocument file = JsonDocument.Parse(Bytes());
        JsonElement edge = file.RootElement.GetProperty("peers")[0].GetProperty("edge");
        Assert.Equal("sas", edge.GetProperty("method").GetString());
        Assert.Equal(Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"), edge.GetProperty("pairedAt").GetString());
        Assert.Empty(store.Warnings);
    }

    [Fact]
    public void An_entry_it_has_already_keeps_what_else_stands_there_and_gets_the_grants_of_this_pairing()
    {
        Put($$$"""
            {"version":1,"peers":[{"deviceId":"{{{One.Id}}}","displayName":"old name","addedAt":"2026-01-01T00:00:00.000Z","note":"kept",
             "edge":{"features":["signed-frames"],"grants":{"command":["*"],"approve":true},"later":7}}]}
            """);
        TrustedPeersFile store = Open();
        store.AddPaired(One.Id, One.Key, "new name", Granted);

        TrustEntry entry = store.Entries[One.Id.Value];
        Assert.Equal(("old name", One.Key, "2026-01-01T00:00:00.000Z"), (entry.DisplayName, entry.PublicKey, entry.AddedAt));
        Assert.Equal(["signed-frames"], entry.Features);
        Assert.False(entry.Grants.Approve);
        Assert.Equal(["actuator:valve:V1"], entry.Grants.Command);
        using JsonDocument file = JsonDocument.Parse(Bytes());
        JsonElement peer = file.RootElement.GetProperty("peers")[0];
        Assert.Equal(("kept", 7), (peer.GetProperty("note").GetString(), peer.GetProperty("edge").GetProperty("later").GetInt32()));
    }

    [Fact]
    public void Another_pinned_key_an_entry_that_is_not_trusted_and_a_foreign_key_are_refused()
    {
        TrustedPeersFile store = Open();
        Fails(TrustErrorCodes.PublicKeyMismatch, () => store.AddPaired(One.Id, Two.Key, null, Granted));
        Put($$"""{"version":1,"peers":[{"deviceId":"{{One.Id}}","publicKey":"{{Two.Key}}","addedAt":""}]}""");
        store.Refresh();
        Fails("trust.unknown_device", () => store.AddPaired(One.Id, One.Key, null, Granted));
        Assert.Empty(store.Entries);
    }

    [Fact]
    public void A_name_that_is_none_is_left_out()
    {
        TrustedPeersFile store = Open();
        store.AddPaired(One.Id, One.Key, "a\u0007b", Granted);
        Assert.Null(store.Entries[One.Id.Value].DisplayName);
    }
}
