using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Pairing;

/// <summary>What ends an attempt before any code is shown, at either end ([X-57]), and which mesh the two are in afterwards.</summary>
public class PairingCheckTests
{
    private readonly ManualTime _time = new();

    public static TheoryData<string, string> Unfit => new()
    {
        { "v", "2" }, { "v", "null" },
        { "deviceId", "\"x\"" }, { "deviceId", $"\"{new string('A', 64)}\"" }, { "deviceId", $"\"{new string('a', 64)}\"" },
        { "publicKey", "\"x\"" }, { "publicKey", $"\"{Base64Url.EncodeToString(new byte[31])}\"" }, { "publicKey", "7" },
        { "displayName", "\"\"" }, { "displayName", $"\"{new string('x', 129)}\"" }, { "displayName", "{}" },
        { "meshId", "\"another\"" }, { "meshId", "\"\"" }, { "meshId", "1" }, { "meshId", "\"a\\u001b[31m\"" },
        { "wants", "null" }, { "wants", """{"command":["*","x"]}""" }, { "wants", """{"maxTier":"high"}""" },
        { "offers", "[]" }, { "offers", """{"gossip":"yes"}""" },
        { "commit", "\"\"" }, { "commit", $"\"{new string('G', 64)}\"" }, { "commit", "null" },
        { "junk", $"\"{new string('x', 33_000)}\"" },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    [Trait("spec", "X-57")]
    [Trait("spec", "X-55")]
    public void A_begin_that_is_not_as_it_must_be_ends_the_attempt(string member, string json)
    {
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        wire.Request = (method, p) => method == "pair.begin" ? PairingWire.With(p, member, json) : p;
        Pair(i, r, wire);
        AssertRejected(i, r);
        Assert.Single(wire.Seen);
    }

    [Theory]
    [MemberData(nameof(Unfit))]
    [InlineData("sessionId", "\"short\"")]
    [InlineData("sessionId", "null")]
    [Trait("spec", "X-57")]
    [Trait("spec", "X-55")]
    public void An_answer_that_is_not_as_it_must_be_ends_the_attempt(string member, string json)
    {
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        wire.Answer = (method, p) => method == "pair.begin" ? PairingWire.With(p, member, json) : p;
        Pair(i, r, wire);
        Assert.Equal((PairingState.Failed, "PAIRING_REJECTED"), (i.Status.State, i.Status.EndCode));
        Assert.Equal(PairingState.Failed, r.Status.State);
        Assert.Null(i.Status.Other);
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [Trait("spec", "X-57")]
    public void A_key_of_small_order_ends_the_attempt_before_a_code_is_shown(string hex)
    {
        byte[] key = Convert.FromHexString(hex);
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        wire.Request = (method, p) => method == "pair.begin" ? AsKey(p, key) : p;
        Pair(i, r, wire);
        AssertRejected(i, r);
        Assert.Contains("small order", r.Status.EndWhy, StringComparison.Ordinal);

        (i, r, wire) = Two("c", "d");
        wire.Answer = (method, p) => method == "pair.begin" ? AsKey(p, key) : p;
        Pair(i, r, wire);
        Assert.Contains("small order", i.Status.EndWhy, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-57")]
    public void The_key_of_this_very_device_ends_the_attempt()
    {
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        wire.Request = (method, p) => method == "pair.begin" ? AsKey(p, r.Signer.PublicKey.ToArray()) : p;
        Pair(i, r, wire);
        AssertRejected(i, r);
        Assert.Contains("this very device", r.Status.EndWhy, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-57")]
    public void Another_pinned_key_ends_the_attempt_and_the_same_one_does_not()
    {
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        r.Trust.Add(i.Signer.DeviceId, r.PublicKey);
        Pair(i, r, wire);
        AssertRejected(i, r);

        (i, r, wire) = Two("c", "d");
        i.Trust.Add(r.Signer.DeviceId, i.PublicKey);
        Pair(i, r, wire);
        AssertRejected(i, r);

        (i, r, wire) = Two("e", "f");
        r.Trust.Add(i.Signer.DeviceId, i.PublicKey);
        Pair(i, r, wire);
        Assert.Equal(PairingState.Showing, r.Status.State);
    }

    [Fact]
    public void Another_device_than_the_one_that_was_chosen_ends_the_attempt()
    {
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        r.Accept();
        i.Dial(wire, expected: PairingEnd.Key("c").DeviceId);
        AssertRejected(i, r);
    }

    [Theory]
    [InlineData("pair.reveal", "nonce", "\"x\"", "PAIRING_REJECTED")]
    [InlineData("pair.reveal", "nonce", "null", "PAIRING_REJECTED")]
    [InlineData("pair.reveal", "nonce", "\"ERERERERERERERERERERERERERERERERERERERERERE\"", "PAIRING_COMMITMENT_MISMATCH")]
    [Trait("spec", "X-56")]
    public void A_nonce_that_was_not_committed_to_ends_the_attempt_at_either_end_and_no_code_is_shown(string at, string member, string json, string code)
    {
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        wire.Request = (method, p) => method == at ? PairingWire.With(p, member, json) : p;
        Pair(i, r, wire);
        Assert.Equal((code, code), (i.Status.EndCode, r.Status.EndCode));
        Assert.Null(r.Status.Code);

        (i, r, wire) = Two("c", "d");
        wire.Answer = (method, p) => method == at ? PairingWire.With(p, member, json) : p;
        Pair(i, r, wire);
        Assert.Equal((code, code), (i.Status.EndCode, r.Status.EndCode));
        Assert.Null(i.Status.Other);
    }

    [Fact]
    [Trait("spec", "X-59")]
    public void A_signature_that_does_not_verify_ends_the_attempt_at_either_end()
    {
        (PairingEnd i, PairingEnd r, PairingWire wire) = Two();
        wire.Request = (method, p) => method == "pair.confirm" ? PairingWire.With(p, "sig", $"\"{Base64Url.EncodeToString(new byte[64])}\"") : p;
        Pair(i, r, wire);
        i.Confirm(r.Status.Code);
        AssertRejected(i, r);

        (i, r, wire) = Two("c", "d");
        wire.Answer = (method, p) => method == "pair.confirm" ? PairingWire.With(p, "sig", $"\"{Base64Url.EncodeToString(new byte[64])}\"") : p;
        Pair(i, r, wire);
        i.Confirm(r.Status.Code);
        r.Confirm();
        // Only one end got that far: the handshake will fail and pairing is repeated.
        Assert.Equal((PairingState.Failed, PairingState.Stored), (i.Status.State, r.Status.State));
        Assert.Empty(i.Stored);
    }

    // Whose mesh: an existing one is e or f, a fresh node's own invention is named after it.
    [Theory]
    [InlineData("e", false, "e", false, "e", "e")]
    [InlineData("e", false, "f", false, null, null)]
    [InlineData("i", true, "e", false, "e", "e")]
    [InlineData("e", false, "r", true, "e", "e")]
    [InlineData("i", true, "r", true, "r", "r")]
    [Trait("spec", "X-57")]
    [Trait("spec", "W-29")]
    public void A_fresh_node_joins_the_others_mesh_and_two_that_differ_are_refused(string meshI, bool freshI, string meshR, bool freshR, string? thenI, string? thenR)
    {
        var (atI, atR) = (new SimpleMembership(meshI, freshI), new SimpleMembership(meshR, freshR));
        var (i, r) = (new PairingEnd("i", _time, membership: atI), new PairingEnd("r", _time, membership: atR));
        var wire = new PairingWire(r);
        Pair(i, r, wire);
        Assert.Equal(freshI, !wire.Seen[0].Params.TryGetProperty("meshId", out _));
        if (thenI is null)
        {
            AssertRejected(i, r);
            Assert.Equal((meshI, meshR), (atI.MeshId, atR.MeshId));
            return;
        }

        Assert.Equal(freshI ? thenI : null, i.Status.Joins);
        Assert.Equal(freshR && !freshI ? thenR : null, r.Status.Joins);
        i.Confirm(r.Status.Code);
        Assert.Equal((meshI, meshR), (atI.MeshId, atR.MeshId));
        r.Confirm();
        Assert.Equal((thenI, thenR), (atI.MeshId, atR.MeshId));
        Assert.Equal((PairingState.Stored, PairingState.Stored), (i.Status.State, r.Status.State));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_mesh_whose_policy_is_never_is_not_joined(bool freshInitiator)
    {
        var fresh = new SimpleMembership("own", fresh: true) { Refused = "e" };
        var settled = new SimpleMembership("e");
        var (i, r) = (new PairingEnd("i", _time, membership: freshInitiator ? fresh : settled), new PairingEnd("r", _time, membership: freshInitiator ? settled : fresh));
        Pair(i, r, new PairingWire(r));
        AssertRejected(i, r);
        Assert.Equal("own", fresh.MeshId);
    }

    [Fact]
    public void A_mesh_that_cannot_be_joined_leaves_no_trust_behind()
    {
        var fresh = new SimpleMembership("own", fresh: true) { FailJoin = true };
        var (i, r) = (new PairingEnd("i", _time, mesh: "e"), new PairingEnd("r", _time, membership: fresh));
        Pair(i, r, new PairingWire(r));
        i.Confirm(r.Status.Code);
        r.Confirm();
        AssertRejected(i, r);
    }

    [Theory]
    [InlineData("pump\u001b[2Jhouse", "pump?[2Jhouse")]
    [InlineData("abc\u202Edef", "abc?def")]
    [InlineData("Füllstand 東", "Füllstand 東")]
    public void A_name_from_elsewhere_does_not_steer_the_terminal(string name, string shown)
    {
        var (i, r) = (new PairingEnd("i", _time) { Name = name }, new PairingEnd("r", _time));
        Pair(i, r, new PairingWire(r));
        Assert.Equal(shown, PairingHello.Plain(r.Status.Other!.DisplayName));
        i.Confirm(r.Status.Code);
        r.Confirm();
        Assert.Equal(shown, Assert.Single(r.Stored).DisplayName);
    }

    private (PairingEnd I, PairingEnd R, PairingWire Wire) Two(string one = "i", string other = "r")
    {
        var (i, r) = (new PairingEnd(one, _time), new PairingEnd(other, _time));
        return (i, r, new PairingWire(r));
    }

    private static void Pair(PairingEnd i, PairingEnd r, PairingWire wire)
    {
        r.Accept();
        i.Dial(wire);
    }

    private static JsonElement AsKey(JsonElement message, byte[] key) => PairingWire.With(
        PairingWire.With(message, "publicKey", $"\"{Base64Url.EncodeToString(key)}\""), "deviceId", $"\"{Convert.ToHexStringLower(SHA256.HashData(key))}\"");

    private static void AssertRejected(PairingEnd i, PairingEnd r)
    {
        Assert.Equal(("PAIRING_REJECTED", "PAIRING_REJECTED"), (i.Status.EndCode, r.Status.EndCode));
        Assert.Empty(i.Stored);
        Assert.Empty(r.Stored);
    }
}
