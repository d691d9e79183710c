using System.Net;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Operators;

/// <summary>The operator's way in on one connection ([X-65] to ): loopback or TLS, and only where this node accepted the connection.</summary>
internal sealed class OperatorDoor(OperatorAuthenticator? authenticator, LinkFacts facts, NodeId self, TimeProvider time, Func<byte[]> random)
{
    private readonly OperatorChallenge _challenge = new(time, random);

    // Behind a proxy the address is the proxy's, and loopback means nothing ([X-70]).
    private readonly OperatorLink _link = new(facts.OnLoopback || !IPAddress.IsLoopback(facts.Address) ? facts.Address : IPAddress.None, facts.CertificateHash ?? []);
    // Counted always, said sometimes: a door that is rattled all day must not push everything else out of the events.
    private readonly TokenBucket _told = new(time, 0.02, 5);
    private volatile OperatorGrant? _grant;

    /// <summary>Operator while a proof holds, otherwise null.</summary>
    public RpcTier? Tier => _grant is { IsActive: true } ? RpcTier.Operator : null;

    public byte[] Answer(string id, string method, JsonElement parameters, IEventSink events)
    {
        if (facts.Dialled || authenticator is null) return Messages.Error(id, GateCodes.NotAuthorized, "operators authenticate at the node's own port, and its operator token must be usable");
        if (!_link.IsLoopback && !_link.IsTls) return Messages.Error(id, GateCodes.NotAuthorized, "operators authenticate on loopback or wss only");
        if (method == "operator.challenge")
        {
            string nonce = _challenge.Issue();
            return Messages.Result(id, w =>
            {
                w.WriteString("nonce", nonce);
                // The proof names the server; a tool that dialled a URL learns here which device it talks to.
                w.WriteString("deviceId", self.Value);
            });
        }

        OperatorVerdict verdict = RpcParams.TextOrNull(parameters, "token") is { } token
            ? authenticator.VerifyToken(_link, token)
            : authenticator.Verify(_link, _challenge, RpcParams.TextOrNull(parameters, "nonce") ?? "", RpcParams.TextOrNull(parameters, "clientNonce") ?? "", RpcParams.TextOrNull(parameters, "mac") ?? "");
        if (verdict.Grant is { } grant)
        {
            _grant = grant;
            events.Publish(new EdgeEvent(0, default, EventTypes.Operator, EventSeverity.Info, "operator", $"An operator authenticated from {facts.Remote}."));
            return Messages.Result(id, w =>
            {
                w.WriteBoolean("ok", true);
                w.WriteNumber("expiresAtMs", grant.ExpiresAtMs);
                if (grant.ServerMac is { } mac) w.WriteString("mac", mac);
            });
        }

        if (_told.TryTake()) events.Publish(new EdgeEvent(0, default, EventTypes.Operator, EventSeverity.Warning, "operator", $"Operator proof from {facts.Remote} refused: {verdict.Refusal}", FailureClass.Auth));
        return Messages.Error(id, verdict.Refusal!.Code, verdict.Refusal.Why);
    }
}
