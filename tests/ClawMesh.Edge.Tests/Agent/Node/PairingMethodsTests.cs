using System.Text.Json;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Mesh.Pairing;

namespace ClawMesh.Edge.Tests.Agent.Node;

/// <summary>Who may open and confirm a pairing at this node.</summary>
[Trait("spec", "X-54")]
[Trait("spec", "X-69")]
public class PairingMethodsTests
{
    private const string Grants = """{"gossip":true,"relay":true,"sync":true,"command":[],"approve":false,"maxTier":"T3_verified_action_evidence"}""";
    private const string Accept = $$"""{"op":"accept","offers":{{Grants}},"wants":{{Grants}}}""";

    private readonly ManualTime _time = new();
    private readonly PairingEnd _i;
    private readonly PairingEnd _r;
    private readonly RpcDispatcher _rpc = new();
    private readonly Directory _directory = new();
    private string? _missing;

    public PairingMethodsTests()
    {
        (_i, _r) = (new PairingEnd("i", _time), new PairingEnd("r", _time));
        PairingMethods.Register(_rpc, _r.Desk, _directory);
    }

    [Fact]
    public void A_person_at_a_terminal_opens_sees_the_code_and_confirms_on_one_connection()
    {
        RpcCaller person = Person();
        Assert.Equal("open", Ask(Accept, person).GetProperty("payload").GetProperty("state").GetString());
        _i.Dial(new PairingWire(_r));
        JsonElement status = Ask("""{"op":"status"}""", person).GetProperty("payload");
        Assert.Equal(("showing", "i", _i.Signer.DeviceId.Value), (status.GetProperty("state").GetString(), status.GetProperty("displayName").GetString(), status.GetProperty("deviceId").GetString()));
        string code = status.GetProperty("code").GetString()!;
        Assert.Equal(' ', code[3]);

        // Neither another connection nor one whose terminal is gone.
        Assert.Equal("PAIRING_NOT_ACTIVE", Code("""{"op":"confirm"}""", Person()));
        _missing = "its standard input is no terminal";
        Assert.Equal("pair.no_terminal", Code("""{"op":"confirm"}""", person));
        _missing = null;
        Assert.Equal("waiting", Ask("""{"op":"confirm"}""", person).GetProperty("payload").GetProperty("state").GetString());
        _i.Confirm(code.Replace(" ", "", StringComparison.Ordinal));
        Assert.Single(_r.Stored);
        Assert.Equal("stored", Ask("""{"op":"status"}""", person).GetProperty("payload").GetProperty("state").GetString());
    }

    [Fact]
    public void Without_a_terminal_nothing_is_opened()
    {
        _missing = "the process has no controlling terminal";
        Assert.Equal("pair.no_terminal", Code(Accept, Person()));
        Assert.Equal("pair.no_terminal", Code("""{"op":"dial","url":"ws://127.0.0.1:1"}""", Person()));
        Assert.Equal(PairingState.Closed, _r.Status.State);
    }

    [Fact]
    public void An_operator_by_token_a_peer_and_loopback_may_not_even_look()
    {
        foreach (RpcCaller caller in (RpcCaller[])
        [
            new(RpcTier.Operator, "operator:token") { OnLoopback = true, Events = new Events() },
            new(RpcTier.Operator, "operator:token") { TerminalMissing = () => null, Events = new Events() },
            new(RpcTier.Peer, "peer") { OnLoopback = true, TerminalMissing = () => null, Events = new Events() },
            new(RpcTier.Loopback, "loopback") { OnLoopback = true },
        ])
        {
            foreach (string op in (string[])["found", "accept", "dial", "confirm", "cancel", "status"]) Assert.Equal("NOT_AUTHORIZED", Code($$"""{"op":"{{op}}"}""", caller));
        }
    }

    [Fact]
    public void A_program_that_ends_takes_its_pairing_with_it()
    {
        var events = new Events();
        Ask(Accept, Person(events));
        _i.Dial(new PairingWire(_r));
        events.Gone.Cancel();
        Assert.Equal("PAIRING_REJECTED", _r.Status.EndCode);
        _i.Confirm("000000");
        Assert.Empty(_r.Stored);
    }

    [Theory]
    [InlineData("""{"op":"agree"}""")]
    [InlineData("""{}""")]
    [InlineData("""{"op":"accept"}""")]
    [InlineData("""{"op":"accept","offers":{"command":[1]},"wants":{}}""")]
    [InlineData("""{"op":"dial","device":"x","url":"ws://127.0.0.1:1","offers":{},"wants":{}}""")]
    public void What_is_not_understood_opens_nothing(string request)
    {
        Assert.Equal("INVALID_PARAMS", Code(request, Person()));
        Assert.Equal(PairingState.Closed, _r.Status.State);
    }

    [Fact]
    [Trait("spec", "X-53")]
    public void Devices_that_announce_pairing_are_listed_and_others_are_not()
    {
        NodeId id = _i.Signer.DeviceId;
        _directory.Services =
        [
            new FoundService(id, "pump\u001bhouse", "1", "mesh", Pairing: true, "192.0.2.7", 18_789),
            new FoundService(_r.Signer.DeviceId, "silent", "1", "mesh", Pairing: false, "192.0.2.8", 18_789),
            new FoundService(_r.Signer.DeviceId, "nowhere", "1", "mesh", Pairing: true, null, 18_789),
            new FoundService(id, "six", "1", null, Pairing: true, "fe80::1", 1),
        ];
        JsonElement[] found = [.. Ask("""{"op":"found"}""", Person()).GetProperty("payload").GetProperty("devices").EnumerateArray()];
        Assert.Equal(["ws://192.0.2.7:18789", "ws://[fe80::1]:1"], found.Select(f => f.GetProperty("url").GetString()));
        Assert.Equal("pump?house", found[0].GetProperty("name").GetString());
    }

    private RpcCaller Person(Events? events = null) => new(RpcTier.Operator, "operator:anna") { OnLoopback = true, TerminalMissing = () => _missing, Events = events ?? new Events() };

    private JsonElement Ask(string request, RpcCaller caller)
    {
        using JsonDocument p = JsonDocument.Parse(request);
        Task<byte[]> answer = _rpc.AnswerAsync("1", "edge.pair", p.RootElement.Clone(), caller, CancellationToken.None);
        using JsonDocument document = JsonDocument.Parse(answer.GetAwaiter().GetResult());
        return document.RootElement.Clone();
    }

    private string Code(string request, RpcCaller caller) => Ask(request, caller).GetProperty("error").GetProperty("code").GetString()!;

    private sealed class Events : IRpcEvents
    {
        public CancellationTokenSource Gone { get; } = new();

        public CancellationToken Ended => Gone.Token;

        public long WaitingBytes => 0;

        public ValueTask<bool> SendAsync(string name, Action<Utf8JsonWriter> payload, CancellationToken cancellationToken) => ValueTask.FromResult(true);
    }

    private sealed class Directory : IServiceDirectory
    {
        public IReadOnlyList<FoundService> Services { get; set; } = [];

        public bool AnnouncePairing { get; set; }

        public IReadOnlyList<DialCandidate> Found => [];
    }
}
