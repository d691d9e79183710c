using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Operators;

public sealed class OperatorAuthTests
{
    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json").GetProperty("operator");
    private static readonly byte[] Token = Convert.FromHexString(Golden.Text("tokenHex"));
    private static readonly NodeId Server = new(Golden.Text("serverDeviceId"));
    private static readonly string ClientNonce = Golden.Text("clientNonce");
    private static readonly byte[] Certificate = Convert.FromHexString(Golden.GetProperty("tls").Text("bindingHex"));
    private static readonly OperatorLink Loopback = new(IPAddress.Loopback, []);
    private static readonly OperatorLink Wss = new(IPAddress.Parse("192.0.2.7"), Certificate);

    private readonly ManualTime _time = new();
    private readonly OperatorAuthenticator _operators;
    private readonly OperatorChallenge _challenge;

    public OperatorAuthTests()
    {
        _operators = new OperatorAuthenticator(Token, Server, _time);
        _challenge = new OperatorChallenge(_time, () => Base64Url.DecodeFromChars(Golden.Text("nonce")));
    }

    [Theory]
    [InlineData("loopback")]
    [InlineData("tls")]
    [Trait("spec", "X-1")]
    [Trait("spec", "X-65")]
    public void The_macs_are_those_of_the_vectors(string link)
    {
        JsonElement vector = Golden.GetProperty(link);
        byte[] binding = Convert.FromHexString(vector.Text("bindingHex"));
        string nonce = _challenge.Issue();

        Assert.Equal(Golden.Text("nonce"), nonce);
        Assert.Equal(vector.Text("clientMac"), OperatorProof.ClientMac(Token, Server, binding, nonce, ClientNonce));
        Assert.True(OperatorProof.ServerMacMatches(vector.Text("serverMac"), Token, Server, binding, nonce, ClientNonce));
        Assert.False(OperatorProof.ServerMacMatches(vector.Text("clientMac"), Token, Server, binding, nonce, ClientNonce));
        OperatorVerdict verdict = _operators.Verify(link == "tls" ? Wss : Loopback, _challenge, nonce, ClientNonce, vector.Text("clientMac"));
        Assert.Equal(vector.Text("serverMac"), verdict.Grant?.ServerMac);
        Assert.Null(verdict.Refusal);
    }

    [Fact]
    [Trait("spec", "X-65")]
    public void A_grant_ends_after_eight_hours_whatever_the_wall_clock_does()
    {
        OperatorGrant grant = Attempt(Loopback).Grant!;

        Assert.Equal((_time.GetUtcNow() + TimeSpan.FromHours(8)).ToUnixTimeMilliseconds(), grant.ExpiresAtMs);
        _time.StepWallClock(TimeSpan.FromDays(1));
        _time.Advance(TimeSpan.FromHours(8) - TimeSpan.FromSeconds(1));
        Assert.True(grant.IsActive);
        _time.StepWallClock(TimeSpan.FromDays(-2));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(grant.IsActive);
    }

    [Fact]
    [Trait("spec", "X-65")]
    public void A_challenge_is_good_once()
    {
        string nonce = _challenge.Issue();
        string mac = OperatorProof.ClientMac(Token, Server, [], nonce, ClientNonce);

        Assert.NotNull(_operators.Verify(Loopback, _challenge, nonce, ClientNonce, mac).Grant);
        Assert.Equal("NOT_AUTHORIZED", _operators.Verify(Loopback, _challenge, nonce, ClientNonce, mac).Refusal?.Code);
    }

    [Fact]
    [Trait("spec", "X-65")]
    public void A_failed_attempt_uses_its_challenge_up()
    {
        string nonce = _challenge.Issue();

        Assert.Equal("NOT_AUTHORIZED", _operators.Verify(Loopback, _challenge, nonce, ClientNonce, new string('0', 64)).Refusal?.Code);
        Assert.False(_challenge.TryTake(nonce));
    }

    [Fact]
    [Trait("spec", "X-65")]
    public void A_challenge_is_good_for_sixty_seconds()
    {
        string nonce = _challenge.Issue();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.True(_challenge.TryTake(nonce));

        nonce = _challenge.Issue();
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.False(_challenge.TryTake(nonce));
    }

    [Fact]
    [Trait("spec", "X-65")]
    public void A_challenge_belongs_to_its_connection_and_a_new_one_voids_the_old()
    {
        byte count = 0;
        byte[] Random() => [.. Enumerable.Repeat(count++, 32)];
        var mine = new OperatorChallenge(_time, Random);
        var theirs = new OperatorChallenge(_time, Random);
        string nonce = mine.Issue();

        Assert.False(theirs.TryTake(nonce));
        Assert.NotEqual(nonce, theirs.Issue());
        Assert.False(theirs.TryTake(nonce));
        mine.Issue();
        Assert.False(mine.TryTake(nonce));
    }

    [Fact]
    [Trait("spec", "X-65")]
    public void A_proof_made_over_another_certificate_another_node_or_another_token_fails()
    {
        byte[] relay = [.. Certificate.Reverse()];
        byte[] guess = [.. Token.Reverse()];

        Assert.Equal("NOT_AUTHORIZED", Answer(Wss, nonce => OperatorProof.ClientMac(Token, Server, relay, nonce, ClientNonce)));
        Assert.Equal("NOT_AUTHORIZED", Answer(Wss, nonce => OperatorProof.ClientMac(Token, Server, [], nonce, ClientNonce)));
        Assert.Equal("NOT_AUTHORIZED", Answer(Wss, nonce => OperatorProof.ClientMac(Token, new NodeId(new string('0', 64)), Certificate, nonce, ClientNonce)));
        Assert.Equal("NOT_AUTHORIZED", Answer(Wss, nonce => OperatorProof.ClientMac(guess, Server, Certificate, nonce, ClientNonce)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("zz")]
    [InlineData("é")]
    public void What_is_no_mac_at_all_is_a_failed_proof(string mac) => Assert.Equal("NOT_AUTHORIZED", Answer(Loopback, _ => mac));

    [Theory]
    [InlineData("")]
    [InlineData("REREREREREREREREREREREREREREREREREREREREREQ=")]
    [InlineData("RERERERERERERERERERERERERERERERERERERERERE+")]
    public void A_client_nonce_of_another_form_is_an_invalid_parameter(string clientNonce)
    {
        string nonce = _challenge.Issue();

        Assert.Equal("INVALID_PARAMS", _operators.Verify(Loopback, _challenge, nonce, clientNonce, OperatorProof.ClientMac(Token, Server, [], nonce, clientNonce)).Refusal?.Code);
    }

    [Fact]
    [Trait("spec", "X-66")]
    public void The_proof_is_accepted_on_loopback_and_TLS_alone()
    {
        var remote = new OperatorLink(IPAddress.Parse("192.0.2.7"), []);

        Assert.Equal("NOT_AUTHORIZED", Attempt(remote).Refusal?.Code);
        Assert.NotNull(Attempt(Loopback).Grant);
        Assert.NotNull(Attempt(new OperatorLink(IPAddress.Loopback, Certificate)).Grant);
        Assert.NotNull(Attempt(new OperatorLink(IPAddress.Parse("::ffff:127.0.0.1"), [])).Grant);
        Assert.NotNull(Attempt(Wss).Grant);
    }

    [Fact]
    [Trait("spec", "X-66")]
    public void The_token_itself_is_accepted_on_loopback_alone_and_proves_nothing_to_the_client()
    {
        OperatorVerdict accepted = _operators.VerifyToken(new OperatorLink(IPAddress.IPv6Loopback, []), Golden.Text("tokenHex"));

        Assert.NotNull(accepted.Grant);
        Assert.Null(accepted.Grant.ServerMac);
        Assert.Equal("NOT_AUTHORIZED", _operators.VerifyToken(Wss, Golden.Text("tokenHex")).Refusal?.Code);
        Assert.Equal("NOT_AUTHORIZED", _operators.VerifyToken(Loopback, new string('0', 64)).Refusal?.Code);
        Assert.Equal("NOT_AUTHORIZED", _operators.VerifyToken(Loopback, "").Refusal?.Code);
    }

    [Fact]
    [Trait("spec", "X-67")]
    public void Five_failures_in_a_minute_block_the_address_for_sixty_seconds_even_for_the_right_token()
    {
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("NOT_AUTHORIZED", _operators.VerifyToken(Loopback, "wrong").Refusal?.Code);
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal("RATE_LIMITED", Attempt(Loopback).Refusal?.Code);
        Assert.Equal("RATE_LIMITED", _operators.VerifyToken(new OperatorLink(IPAddress.Parse("::ffff:127.0.0.1"), []), Golden.Text("tokenHex")).Refusal?.Code);
        Assert.NotNull(Attempt(Wss).Grant);
        Assert.Equal(7, _operators.Failures);
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.NotNull(Attempt(Loopback).Grant);
    }

    [Fact]
    [Trait("spec", "X-67")]
    public void Failures_that_come_slower_than_five_a_minute_do_not_block()
    {
        for (int i = 0; i < 23; i++)
        {
            Assert.Equal("NOT_AUTHORIZED", _operators.VerifyToken(Loopback, "wrong").Refusal?.Code);
            _time.Advance(TimeSpan.FromSeconds(16));
        }

        Assert.NotNull(Attempt(Loopback).Grant);
    }

    [Fact]
    [Trait("spec", "X-67")]
    public void Of_more_addresses_than_are_remembered_the_one_that_failed_longest_ago_is_forgotten()
    {
        var limit = new FailureLimit(_time);
        IPAddress first = IPAddress.Parse("198.51.100.1");
        IPAddress last = IPAddress.Parse("198.51.100.2");
        for (int i = 0; i < 5; i++) limit.Fail(first);
        _time.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 5; i++) limit.Fail(last);
        Assert.True(limit.IsBlocked(first));

        for (int i = 0; i < FailureLimit.MaxAddresses - 1; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            limit.Fail(new IPAddress([203, 0, (byte)(i >> 8), (byte)i]));
        }

        Assert.False(limit.IsBlocked(first));
        Assert.True(limit.IsBlocked(last));
    }

    [Fact]
    [Trait("spec", "X-64")]
    public void The_token_is_in_no_text_of_the_authenticator()
    {
        Assert.DoesNotContain(Golden.Text("tokenHex"), _operators.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Golden.Text("tokenHex"), Attempt(Loopback).ToString(), StringComparison.OrdinalIgnoreCase);
    }

    private OperatorVerdict Attempt(OperatorLink link)
    {
        string nonce = _challenge.Issue();
        return _operators.Verify(link, _challenge, nonce, ClientNonce, OperatorProof.ClientMac(Token, Server, link.Binding, nonce, ClientNonce));
    }

    private string? Answer(OperatorLink link, Func<string, string> mac)
    {
        string nonce = _challenge.Issue();
        return _operators.Verify(link, _challenge, nonce, ClientNonce, mac(nonce)).Refusal?.Code;
    }
}
