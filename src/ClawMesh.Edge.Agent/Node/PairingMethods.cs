using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The method <c>edge.pair</c>: what <c>clawmesh-edge pair</c> asks of the node. Taken on the local socket alone, from a program that
/// reads from a terminal; what one connection opened no other confirms ([X-54]).
/// </summary>
internal sealed class PairingMethods(PairingDesk desk, IServiceDirectory? directory)
{
    // More devices that announce pairing at the same moment are no list a person chooses from.
    private const int MaxFound = 32;

    public static void Register(RpcDispatcher rpc, PairingDesk desk, IServiceDirectory? directory)
    {
        var methods = new PairingMethods(desk, directory);
        rpc.Add("edge.pair", c => c is { Tier: RpcTier.Operator, OnLoopback: true, TerminalMissing: not null, Events: not null }, methods.AnswerAsync);
    }

    private async Task<Action<Utf8JsonWriter>> AnswerAsync(JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        // One object per connection of the local socket.
        object owner = caller.Events!;
        switch (RpcParams.Required(p, "op"))
        {
            case "found":
                return Found;
            case "accept":
                CheckTerminal(caller);
                desk.Accept(owner, caller.Name, Grants(p, "offers"), Grants(p, "wants"));
                EndWith(caller, owner);
                break;
            case "dial":
                CheckTerminal(caller);
                NodeId? expected = RpcParams.Text(p, "device") is { } named ? NodeId.IsWellFormed(named) ? new NodeId(named) : throw Unfit("'device' is no device id.") : null;
                StaticPeer target = PortClient.TargetOf(RpcParams.Required(p, "url"), expected ?? new NodeId(new string('0', NodeId.Length)));
                desk.Dial(owner, caller.Name, Grants(p, "offers"), Grants(p, "wants"), target, expected);
                EndWith(caller, owner);
                break;
            case "confirm":
                CheckTerminal(caller);
                await desk.ConfirmAsync(owner, RpcParams.Text(p, "code"), RpcParams.Member(p, "wide") is { ValueKind: JsonValueKind.True });
                break;
            case "cancel":
                desk.Cancel(owner, RpcParams.Member(p, "differ") is { ValueKind: JsonValueKind.True });
                break;
            case "status":
                break;
            case var other:
                throw Unfit($"'{(other.Length <= 32 ? other : other[..32])}' is none of found, accept, dial, status, confirm, cancel.");
        }

        return w => Write(w, desk.Status());
    }

    // A program that ends, interrupted or not, takes its pairing with it.
    private void EndWith(RpcCaller caller, object owner) => caller.Events!.Ended.Register(() => desk.Cancel(owner, codesDiffer: false));

    private static void CheckTerminal(RpcCaller caller)
    {
        if (caller.TerminalMissing!() is { } missing)
        {
            throw new EdgeException(
                "pair.no_terminal", "The node did not take this from a program without a person.", $"A person confirms a pairing at a terminal; {missing}.",
                "Run `clawmesh-edge pair` in a terminal, in the foreground, without redirection.", FailureClass.Auth);
        }
    }

    private static PeerGrants Grants(JsonElement p, string name) =>
        PairingGrants.Read(RpcParams.Member(p, name) ?? default) ?? throw Unfit($"'{name}' is no object of grants.");

    private static EdgeException Unfit(string why) => new(GateCodes.InvalidParams, "The request was not understood.", why, "Use `clawmesh-edge pair`.", FailureClass.ProtocolHandshake);

    private void Found(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteBoolean("looks", directory is not null);
        w.WriteStartArray("devices");
        int written = 0;
        foreach (FoundService service in directory?.Services ?? [])
        {
            if (service is not { Pairing: true, Host: { Length: > 0 } host } || written++ == MaxFound) continue;
            w.WriteStartObject();
            w.WriteString("deviceId", service.DeviceId.Value);
            w.WriteString("name", PairingHello.Plain(service.Name));
            if (service.MeshId is { } mesh) w.WriteString("meshId", PairingHello.Plain(mesh));
            w.WriteString("url", $"ws://{(host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host)}:{service.Port}");
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter w, PairingStatus status)
    {
        w.WriteStartObject();
        w.WriteString("state", PairingDesk.Word(status.State));
        w.WriteString("role", status.Role == PairingRole.Initiator ? "initiator" : "responder");
        w.WriteNumber("leftMs", (long)status.Left.TotalMilliseconds);
        if (status.Code is { } code) w.WriteString("code", PairingMath.Shown(code));
        if (status.Other is { } other)
        {
            w.WriteString("deviceId", other.DeviceId.Value);
            w.WriteString("publicKey", other.PublicKey);
            w.WriteString("displayName", PairingHello.Plain(other.DisplayName));
            if (other.MeshId is { } mesh) w.WriteString("meshId", mesh);
            if (status.Joins is { } joins) w.WriteString("joins", joins);
            w.WritePropertyName("gives");
            GrantText.WriteJson(w, status.Gives!);
            w.WritePropertyName("gets");
            GrantText.WriteJson(w, status.Gets!);
            w.WriteBoolean("wide", status.IsWide);
        }

        if (status.EndCode is { } end) w.WriteString("endCode", end);
        if (status.EndWhy is { } why) w.WriteString("endWhy", PairingHello.Plain(why));
        w.WriteEndObject();
    }
}
