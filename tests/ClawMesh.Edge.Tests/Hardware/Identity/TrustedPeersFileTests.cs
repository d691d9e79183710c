using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Identity;

/// <summary>The file as a whole: its text, its damage, its writers.</summary>
public sealed class TrustedPeersFileTests : TrustedPeersBench
{
    [Fact]
    [Trait("spec", "W-23")]
    public void An_absent_file_is_an_empty_store_and_looking_makes_nothing()
    {
        TrustedPeersFile store = Open();

        Assert.Empty(store.Entries);
        Assert.Null(store.Problem);
        Assert.False(store.Refresh());
        Assert.False(store.Remove(One.Id));
        Assert.Empty(Directory.EnumerateFileSystemEntries(StatePath));
    }

    [Theory]
    [Trait("spec", "W-23")]
    [InlineData("alpha", 3)]
    [InlineData("beta", 3)]
    [InlineData("gamma", 4)]
    public void A_file_of_a_classic_node_is_read_and_a_rewrite_keeps_every_byte(string node, int trusted)
    {
        byte[] golden = File.ReadAllBytes(GoldenData.PathOf($"identities/{node}/mesh/trusted-peers.json"));
        Put(Encoding.UTF8.GetString(golden));
        TrustedPeersFile store = Open();

        Assert.Equal(trusted, store.Entries.Count);
        Assert.All(store.Entries.Values, entry => Assert.Equal(PeerGrants.Default, entry.Grants));
        Assert.True(store.Add(One.Id, One.Key, "one"));
        Assert.NotEqual(golden, Bytes());
        Assert.True(store.Remove(One.Id));

        Assert.Equal(golden, Bytes());
    }

    [Fact]
    [Trait("spec", "W-23")]
    public void A_new_file_looks_as_a_classic_node_writes_it_and_belongs_to_its_owner_alone()
    {
        TrustedPeersFile store = Open();

        Assert.True(store.Add(One.Id, One.Key, "pump house \u0939 \U0001F331"));
        Assert.True(store.Add(Two.Id));

        string at = Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        using JsonDocument file = JsonDocument.Parse(Bytes());
        Assert.Equal(["deviceId", "displayName", "publicKey", "addedAt"], file.RootElement.GetProperty("peers")[0].EnumerateObject().Select(m => m.Name));
        Assert.Equal(["deviceId", "addedAt"], file.RootElement.GetProperty("peers")[1].EnumerateObject().Select(m => m.Name));
        string text = File.ReadAllText(store.FilePath);
        Assert.StartsWith($"{{\n  \"version\": 1,\n  \"peers\": [\n    {{\n      \"deviceId\": \"{One.Id}\",\n      \"displayName\": \"", text, StringComparison.Ordinal);
        Assert.EndsWith($"\n    {{\n      \"deviceId\": \"{Two.Id}\",\n      \"addedAt\": \"{at}\"\n    }}\n  ]\n}}\n", text, StringComparison.Ordinal);
        Assert.Equal(UnixMode.OwnerOnly, UnixMode.Of(store.FilePath));
        Assert.Equal(UnixMode.OwnerOnlyDirectory, UnixMode.Of(Path.GetDirectoryName(store.FilePath)!));
        Assert.Equal("pump house \u0939 \U0001F331", Open().Entries[One.Id.Value].DisplayName);
        Assert.True(store.Remove(One.Id));
        Assert.True(store.Remove(Two.Id));
        Assert.Equal("{\n  \"version\": 1,\n  \"peers\": []\n}\n", File.ReadAllText(store.FilePath));
    }

    [Fact]
    public void The_mode_of_an_existing_file_is_kept()
    {
        TrustedPeersFile store = Open();
        store.Add(One.Id);
        File.SetUnixFileMode(store.FilePath, UnixMode.OwnerOnly | UnixFileMode.GroupRead);

        store.Add(Two.Id);

        Assert.Equal(UnixMode.OwnerOnly | UnixFileMode.GroupRead, UnixMode.Of(store.FilePath));
    }

    [Fact]
    [Trait("spec", "W-23")]
    [Trait("spec", "X-10")]
    public void Members_that_are_not_known_survive_every_change_in_their_order_and_spelling()
    {
        Put($$"""
            {"a":1.50,"version":1.0,"note":"\u0041\/","peers":[
              {"x":[],"deviceId":"{{One.Id}}","y":{"n":1e3,"m":{} },"addedAt":"t","edge":{"method":"sas","grants":{"later":7,"approve":true},"pairedAt":"p" },"z":null},
              {"deviceId":"{{Two.Id}}","n":[1,[2]]}],"z":{"deep":[{"k":-0}]} }
            """);
        TrustedPeersFile store = Open();

        store.Pin(One.Id, One.Key);
        store.Grant(One.Id, PeerGrants.Default with { Command = ["actuator:valve:V1"] });
        store.NoteFeatures(One.Id, ["signed-frames"]);

        Assert.Equal($$"""
            {
              "a": 1.50,
              "version": 1.0,
              "note": "\u0041\/",
              "peers": [
                {
                  "x": [],
                  "deviceId": "{{One.Id}}",
                  "y": {
                    "n": 1e3,
                    "m": {}
                  },
                  "publicKey": "{{One.Key}}",
                  "addedAt": "t",
                  "edge": {
                    "method": "sas",
                    "grants": {
                      "later": 7,
                      "approve": false,
                      "gossip": true,
                      "relay": true,
                      "sync": true,
                      "command": [
                        "actuator:valve:V1"
                      ],
                      "maxTier": "T3_verified_action_evidence"
                    },
                    "pairedAt": "p",
                    "features": [
                      "signed-frames"
                    ]
                  },
                  "z": null
                },
                {
                  "deviceId": "{{Two.Id}}",
                  "n": [
                    1,
                    [
                      2
                    ]
                  ]
                }
              ],
              "z": {
                "deep": [
                  {
                    "k": -0
                  }
                ]
              }
            }

            """, File.ReadAllText(store.FilePath));
    }

    [Theory]
    [Trait("spec", "W-24")]
    [InlineData("")]
    [InlineData("{ \"version\": 1, \"peers\": [")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"peers":[]}""")]
    [InlineData("""{"version":2,"peers":[]}""")]
    [InlineData("""{"version":"1","peers":[]}""")]
    [InlineData("""{"version":1}""")]
    [InlineData("""{"version":1,"peers":{}}""")]
    [InlineData("""{"version":1,"peers":[],"peers":[]}""")]
    [InlineData("""{"version":1,"peers":[],"n":"\ud800"}""")]
    [InlineData("""{"version":1,"peers":[]} x""")]
    public void A_damaged_file_trusts_nobody_and_is_never_overwritten(string text)
    {
        Put(text);
        TrustedPeersFile store = Open();

        Assert.Empty(store.Entries);
        Assert.Contains(store.FilePath, store.Problem, StringComparison.Ordinal);
        Fails("TRUST_STORE_UNREADABLE", () => store.Add(One.Id));
        Fails("TRUST_STORE_UNREADABLE", () => store.Remove(One.Id));
        Fails("TRUST_STORE_UNREADABLE", () => store.Grant(One.Id, PeerGrants.Default));
        Fails("TRUST_STORE_UNREADABLE", () => store.Pin(One.Id, One.Key));
        Fails("TRUST_STORE_UNREADABLE", () => store.NoteFeatures(One.Id, ["edge-sync"]));
        Assert.Equal(text, File.ReadAllText(store.FilePath));
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.GetDirectoryName(store.FilePath)!), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("spec", "W-24")]
    public void A_file_that_is_damaged_while_the_node_runs_trusts_nobody_until_it_is_whole_again()
    {
        TrustedPeersFile store = Open();
        store.Add(One.Id);
        byte[] whole = Bytes();
        Assert.True(store.Refresh());

        Put("{");
        Fails("TRUST_STORE_UNREADABLE", () => store.Pin(One.Id, One.Key));
        Assert.Empty(store.Entries);
        Assert.True(store.Refresh());
        Assert.False(store.Refresh());
        File.WriteAllBytes(store.FilePath, whole);

        Assert.True(store.Refresh());
        Assert.Null(store.Problem);
        Assert.Single(store.Entries);
    }

    [Fact]
    public void A_file_that_is_too_long_or_a_directory_has_a_problem()
    {
        Put("""{"version":1,"peers":[],"n":"#"}""".Replace("#", new string('x', TrustedPeersFile.MaxBytes), StringComparison.Ordinal));
        Assert.Contains("4 MiB", Open().Problem, StringComparison.Ordinal);

        File.Delete(Open().FilePath);
        Directory.CreateDirectory(Open().FilePath);
        Assert.NotNull(Open().Problem);
        Fails("TRUST_STORE_UNREADABLE", () => Open().Add(One.Id));
    }

    [Fact]
    public void There_are_at_most_1024_entries()
    {
        string Entries(int count) => $$"""{"version":1,"peers":[{{string.Join(',', Enumerable.Range(0, count).Select(n => $"{{\"deviceId\":\"{n:x64}\"}}"))}}]}""";
        Put(Entries(TrustedPeersFile.MaxEntries));
        TrustedPeersFile store = Open();

        Assert.Equal(TrustedPeersFile.MaxEntries, store.Entries.Count);
        Fails("trust.store_full", () => store.Add(One.Id));

        Put(Entries(TrustedPeersFile.MaxEntries + 1));
        Assert.True(store.Refresh());
        Assert.Contains("1025", store.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_that_would_make_the_file_too_long_is_not_made()
    {
        Put("""{"version":1,"peers":[],"n":"#"}""".Replace("#", new string('x', TrustedPeersFile.MaxBytes - 100), StringComparison.Ordinal));
        TrustedPeersFile store = Open();

        Fails("trust.store_full", () => store.Add(One.Id, One.Key));

        Assert.Null(Open().Problem);
    }

    [Fact]
    [Trait("spec", "W-24")]
    public void An_edit_in_another_process_is_seen_at_the_next_look()
    {
        TrustedPeersFile node = Open();
        TrustedPeersFile command = Open();

        command.Add(One.Id, One.Key);
        Assert.Empty(node.Entries);
        Assert.True(node.Refresh());
        Assert.Equal(One.Key, node.Entries[One.Id.Value].PublicKey);
        Assert.False(node.Refresh());

        // Equal length, moments later.
        command.Remove(One.Id);
        command.Add(Two.Id, Two.Key);
        Assert.True(node.Refresh());
        Assert.Equal(Two.Id.Value, Assert.Single(node.Entries).Key);

        File.Delete(node.FilePath);
        Assert.True(node.Refresh());
        Assert.Empty(node.Entries);
    }

    [Fact]
    public void What_another_process_changed_is_a_difference_even_when_this_one_wrote_in_between()
    {
        TrustedPeersFile node = Open();
        node.Add(One.Id);
        node.Add(Two.Id);
        node.Refresh();

        Open().Remove(Two.Id);
        node.Pin(One.Id, One.Key);

        Assert.True(node.Refresh());
        Assert.Equal(One.Id.Value, Assert.Single(node.Entries).Key);
    }

    [Fact]
    public void White_space_is_no_difference()
    {
        TrustedPeersFile store = Open();
        store.Add(One.Id, grants: PeerGrants.Default with { Command = ["actuator:valve:V1"] });
        store.NoteFeatures(One.Id, ["edge-sync"]);
        store.Refresh();

        File.AppendAllText(store.FilePath, "\n\n");

        Assert.False(store.Refresh());
    }

    [Fact]
    public async Task Writers_at_the_same_time_lose_nothing()
    {
        const int Writers = 8;
        const int Each = 5;
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(
            () =>
            {
                TrustedPeersFile store = Open(lockAttempts: int.MaxValue);
                for (int n = 0; n < Each; n++)
                {
                    (NodeId id, string key) = Device((byte)(10 + (writer * Each) + n));
                    Assert.True(store.Add(id));
                    store.Pin(id, key);
                    store.Refresh();
                }
            },
            cancellationToken)));

        TrustedPeersFile all = Open();
        Assert.Equal(Writers * Each, all.Entries.Count);
        Assert.All(all.Entries.Values, entry => Assert.NotNull(entry.PublicKey));
        Assert.Empty(all.Warnings);
    }

    [Fact]
    public void A_lock_that_is_held_for_long_is_an_error_and_nothing_is_written()
    {
        TrustedPeersFile store = Open(lockAttempts: 3);
        store.Add(One.Id);
        byte[] before = Bytes();
        using (TrustStoreLock.Take(Path.Combine(StatePath, "mesh/trusted-peers.lock"), "", 1))
        {
            Fails("trust.busy", () => store.Add(Two.Id));
            Assert.Equal(before, Bytes());
        }

        Assert.True(store.Add(Two.Id));
    }

    [Fact]
    [Trait("spec", "W-23")]
    public void Adding_a_device_that_is_present_changes_nothing()
    {
        TrustedPeersFile store = Open();
        store.Add(One.Id, displayName: "first");
        byte[] before = Bytes();

        Assert.False(store.Add(One.Id, One.Key, "second", PeerGrants.Default with { Approve = true }));

        Assert.Equal(before, Bytes());
    }

    [Fact]
    [Trait("spec", "W-26")]
    [Trait("spec", "W-27")]
    public void The_first_key_is_pinned_and_a_second_one_is_refused()
    {
        TrustedPeersFile store = Open();
        store.Add(One.Id, displayName: "one");

        store.Pin(One.Id, One.Key);
        byte[] pinned = Bytes();
        store.Pin(One.Id, One.Key);

        Assert.Equal(One.Key, Open().Entries[One.Id.Value].PublicKey);
        Assert.Equal(pinned, Bytes());
        Fails("PUBLIC_KEY_MISMATCH", () => store.Pin(One.Id, Two.Key));
        Fails("trust.unknown_device", () => store.Pin(Two.Id, Two.Key));
        Assert.Equal(pinned, Bytes());
    }

    [Fact]
    [Trait("spec", "W-27")]
    public void An_entry_pinned_to_another_key_is_never_pinned_anew()
    {
        string other = $$"""{"version":1,"peers":[{"deviceId":"{{One.Id}}","publicKey":"{{Two.Key}}"}]}""";
        Put(other);

        Fails("PUBLIC_KEY_MISMATCH", () => Open().Pin(One.Id, One.Key));

        Assert.Equal(other, File.ReadAllText(Open().FilePath));
    }

    [Fact]
    [Trait("spec", "W-25")]
    public void A_key_that_is_not_of_the_device_is_added_and_pinned_nowhere()
    {
        TrustedPeersFile store = Open();
        store.Add(Two.Id);

        Fails("PUBLIC_KEY_MISMATCH", () => store.Add(One.Id, Two.Key));
        Fails("PUBLIC_KEY_MISMATCH", () => store.Pin(Two.Id, One.Key));
        Fails("PUBLIC_KEY_MISMATCH", () => store.Pin(Two.Id, Two.Key + "="));
        Fails("PUBLIC_KEY_MISMATCH", () => store.Pin(Two.Id, ""));
    }
}
