using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>A command of an operator here for an output of a peer: built, judged before it leaves, sent, and its answer put into the words of <c>actuate</c>.</summary>
internal static class PeerCommands
{
    /// <summary>An operator's trust block; with model evidence alone it must be refused everywhere.</summary>
    public static TrustBlock Trust(bool modelOnly, string operatorName) => new()
    {
        ActionType = "actuation",
        EvidenceTier = modelOnly ? "T0_planning_inference" : "T3_verified_action_evidence",
        MinimumTier = "T2_operational_observation",
        VerificationRequired = "human",
        VerificationSatisfied = !modelOnly,
        EvidenceSources = modelOnly ? ["llm"] : ["human"],
        ApprovedBy = modelOnly ? null : [operatorName],
    };

    /// <summary>Finds the session a person means by a device id or its first digits.</summary>
    /// <exception cref="EdgeException"><c>NOT_CONNECTED</c>, <c>INVALID_PARAMS</c>.</exception>
    public static NodeId Find(EdgeNode node, string text)
    {
        List<Session> fitting = [.. node.Mesh.Sessions.Where(s => s.DeviceId.Value.StartsWith(text.ToLowerInvariant(), StringComparison.Ordinal))];
        return (text.Length >= 8 ? fitting.Count : -1) switch
        {
            1 => fitting[0].DeviceId,
            0 => throw new EdgeException(
                CallErrorCodes.NotConnected, "The command was not sent.", $"There is no session with '{text}'.",
                "`clawmesh-edge peers` shows who is connected; `clawmesh-edge status` what keeps a static peer away.", FailureClass.MeshPartition),
            -1 => throw new EdgeException(GateCodes.InvalidParams, "The command was not sent.", $"'{text}' is shorter than 8 digits.", "Give more digits of the device id.", FailureClass.Config),
            _ => throw new EdgeException(GateCodes.InvalidParams, "The command was not sent.", $"{fitting.Count} connected devices begin with '{text}'.", "Give more digits of the device id.", FailureClass.Config),
        };
    }

    /// <summary>
    /// The answer as <c>actuate</c> shows it. A classic node says only that the command went past its gate: outcome <c>delivered</c>.
    /// </summary>
    /// <exception cref="EdgeException">The command may not have arrived, or its outcome is not known.</exception>
    public static Action<Utf8JsonWriter> Answer(CommandEnvelope command, CallResult result, NodeId peer)
    {
        if (result.Code is CallErrorCodes.NotConnected or CallErrorCodes.SendFailed or CallErrorCodes.Timeout or CallErrorCodes.PeerDisconnected)
        {
            throw new EdgeException(
                result.Code, $"The command {command.CommandId} has no answer.", result.Message,
                $"Ask again with --command-id {command.CommandId}: it acts at most once, and tells its outcome.", FailureClass.MeshPartition);
        }

        JsonElement given = result.Payload.Member("result");
        string outcome = OutcomeOf(result), code = CodeOf(result);
        return w =>
        {
            w.WriteStartObject();
            w.WriteString("commandId", command.CommandId);
            w.WriteString("trace", command.CommandId);
            w.WriteString("targetRef", command.TargetRef);
            w.WriteString("operation", command.OperationName);
            w.WriteString("outcome", outcome);
            w.WriteString("code", code);
            w.WriteString("peer", peer.Value);
            w.WriteString("message", result.Ok ? given.Text("message") is { Length: > 0 } text ? text : "The peer took the command; it does not tell what came of it." : result.Message);
            if (given.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty member in given.EnumerateObject())
                {
                    if (member.Name is not ("commandId" or "targetRef" or "operation" or "outcome" or "code" or "message" or "peer" or "trace")) member.WriteTo(w);
                }
            }

            w.WriteEndObject();
        };
    }

    /// <summary>The executor's word for what came of a command that it answered.</summary>
    public static string OutcomeOf(CallResult result)
    {
        string word = result.Payload.Member("result").Text("outcome");
        return result.Ok ? word.Length > 0 ? Local(word) : "delivered" : word is "fault" ? "fault" : "refused";
    }

    public static string CodeOf(CallResult result) =>
        result.Ok ? result.Payload.Member("result").Text("code") is { Length: > 0 } known ? known : GateCodes.Ok : result.Code;

    // The wire has one word for two of ours ([X-51]).
    private static string Local(string word) => word == "unconfirmed" ? ActuationOutcome.EffectUnconfirmed.Word() : word;
}
