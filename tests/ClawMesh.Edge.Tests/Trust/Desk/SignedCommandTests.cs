using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>The signature row of the executor.</summary>
[Trait("spec", "X-50")]
public sealed class SignedCommandTests : IAsyncDisposable
{
    private static readonly Ed25519Signer Origin = Key("origin");
    private static readonly Ed25519Signer Relay = Key("relay");
    private static readonly string[] All = ["*"];

    private readonly InMemoryTrustStore _trust = new();
    private readonly PermitDesk _desk;
    private string _mesh = "mesh";
    private IReadOnlyList<string> _signedTargets = [];

    public SignedCommandTests()
    {
        _trust.Add(Origin.DeviceId, Base64Url.EncodeToString(Origin.PublicKey.Span), PeerGrants.Default with { Command = [PermitDesk.Valve.Value] });
        _desk = new PermitDesk(options: o => o with
        {
            MeshId = () => _mesh, Verifier = new Ed25519Verifier(), TrustOf = id => _trust.Entries.GetValueOrDefault(id.Value), SignedTargets = new Later(() => _signedTargets),
        });
    }

    public ValueTask DisposeAsync() => _desk.DisposeAsync();

    [Fact]
    public async Task A_signed_command_of_the_sessions_device_acts_and_a_wrong_signature_is_refused_though_none_was_needed()
    {
        Assert.Equal(GateCodes.Ok, await CodeAsync(Signed(), Of(Origin)));
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Signed(executor: Relay.DeviceId), Of(Origin)));
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Signed(by: Relay), Of(Origin)));
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Signed(mesh: "another mesh"), Of(Origin)));
        Assert.Single(_desk.Actuator.Energising());
    }

    [Fact]
    [Trait("spec", "X-5")]
    public async Task A_node_that_joined_another_mesh_takes_no_signature_of_the_old_one()
    {
        CommandEnvelope signed = Signed();
        _mesh = "the new mesh";

        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(signed, Of(Origin)));
        Assert.Equal(GateCodes.Ok, await CodeAsync(Signed(mesh: "the new mesh"), Of(Origin)));
    }

    [Fact]
    public async Task A_command_that_is_passed_on_needs_its_origins_signature_and_its_origins_grant()
    {
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Unsigned(), Of(Relay)));
        Assert.Equal(GateCodes.Ok, await CodeAsync(Signed(), Of(Relay)));

        _trust.Add(Origin.DeviceId, Base64Url.EncodeToString(Origin.PublicKey.Span));
        Assert.Equal(GateCodes.NotAuthorized, await CodeAsync(Signed(), Of(Relay)));
    }

    [Fact]
    public async Task The_grant_of_the_session_is_asked_first()
    {
        Caller ungranted = Caller.Peer(Relay.DeviceId, [], mayApprove: true);

        Assert.Equal(GateCodes.NotAuthorized, await CodeAsync(Signed(), ungranted));
        Assert.Equal(GateCodes.NotAuthorized, await CodeAsync(Signed(mesh: "wrong"), ungranted));
    }

    [Fact]
    [Trait("spec", "W-105")]
    public async Task A_source_that_is_no_device_names_nobody_and_the_session_counts()
    {
        Assert.Equal(GateCodes.Ok, await CodeAsync(_desk.Command(source: "planner"), Of(Relay)));
        // But what nobody signed is not signed.
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Sign(_desk.Command(source: "planner"), Origin), Of(Relay)));
    }

    [Fact]
    public async Task A_device_without_a_pinned_key_cannot_sign()
    {
        _trust.Add(Origin.DeviceId, grants: PeerGrants.Default with { Command = All });

        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Signed(), Of(Origin)));
        _trust.Problem = "the file is gone";
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Signed(), Of(Origin)));
    }

    [Fact]
    public async Task The_site_may_ask_for_signatures_of_some_outputs_and_operators_here_need_none()
    {
        _signedTargets = ["actuator:pump:*"];
        Assert.Equal(GateCodes.Ok, await CodeAsync(Unsigned(), Of(Origin)));

        _signedTargets = ["actuator:valve:*"];
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(Unsigned(), Of(Origin)));
        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(_desk.Command(source: "planner"), Of(Origin)));
        Assert.Equal(GateCodes.Ok, await CodeAsync(Signed(), Of(Origin)));
        Assert.Equal(GateCodes.Ok, await CodeAsync(Unsigned(), Caller.Operator("operator:anna")));
        // This node's own planner reaches it over no link.
        Assert.Equal(GateCodes.Ok, await CodeAsync(_desk.Command(source: PermitDesk.Self.Value), Caller.Peer(PermitDesk.Self, All, mayApprove: true)));
    }

    [Fact]
    [Trait("spec", "W-106")]
    public async Task The_safe_direction_relaxes_no_signature()
    {
        await CodeAsync(Signed(), Of(Origin));

        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(_desk.Command("close", source: Origin.DeviceId.Value), Of(Relay)));
        Assert.Equal(OutputValue.Active, _desk.Actuator.ReadBack());
        Assert.Equal(GateCodes.Ok, await CodeAsync(Sign(_desk.Command("close", source: Origin.DeviceId.Value), Origin), Of(Relay)));
        Assert.Equal(OutputValue.Inactive, _desk.Actuator.ReadBack());
    }

    [Fact]
    [Trait("spec", "X-51")]
    public async Task A_refused_signature_is_not_remembered_so_the_true_command_still_acts()
    {
        CommandEnvelope forged = Sign(_desk.Command(id: "one", source: Origin.DeviceId.Value), Relay);
        CommandEnvelope genuine = Sign(_desk.Command(id: "one", source: Origin.DeviceId.Value), Origin);

        Assert.Equal(GateCodes.CommandSigInvalid, await CodeAsync(forged, Of(Relay)));
        Assert.Null(_desk.Journal.FindCommand("one"));
        Assert.Equal(GateCodes.Ok, await CodeAsync(genuine, Of(Origin)));
    }

    private CommandEnvelope Unsigned() => _desk.Command(source: Origin.DeviceId.Value);

    private CommandEnvelope Signed(Ed25519Signer? by = null, string mesh = "mesh", NodeId? executor = null) => Sign(Unsigned(), by ?? Origin, mesh, executor);

    private static CommandEnvelope Sign(CommandEnvelope command, Ed25519Signer by, string mesh = "mesh", NodeId? executor = null) =>
        CommandSignature.Sign(command, by, mesh, executor ?? PermitDesk.Self);

    private async Task<string> CodeAsync(CommandEnvelope command, Caller caller) => (await _desk.AskAsync(command, caller)).Code;

    private static Caller Of(Ed25519Signer device) => Caller.Peer(device.DeviceId, All, mayApprove: true);

    private static Ed25519Signer Key(string name) => Ed25519Signer.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    // A list that the test may exchange after the desk was made.
    private sealed class Later(Func<IReadOnlyList<string>> list) : IReadOnlyList<string>
    {
        public int Count => list().Count;

        public string this[int index] => list()[index];

        public IEnumerator<string> GetEnumerator() => list().GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
