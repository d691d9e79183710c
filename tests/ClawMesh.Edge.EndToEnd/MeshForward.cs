using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>Forwards of [W-92] as a careful planner would send them, for a test to spoil in one place.</summary>
internal static class MeshForward
{
    public const string Valve = "actuator:valve:zone-1";

    /// <summary>A command that passes every row; ends by itself after <paramref name="seconds"/>.</summary>
    public static JsonObject Command(string target, string operation, string from, string? commandId = null, double seconds = 1, long? createdAtMs = null, Action<JsonObject>? trust = null)
    {
        JsonObject block = Trust();
        trust?.Invoke(block);
        return new JsonObject
        {
            ["channel"] = "clawmesh",
            ["to"] = target,
            ["originGatewayId"] = from,
            ["idempotencyKey"] = Guid.NewGuid().ToString("D"),
            ["trust"] = block.DeepClone(),
            ["command"] = new JsonObject
            {
                ["version"] = 1,
                ["kind"] = "clawmesh.command",
                ["commandId"] = commandId ?? Guid.NewGuid().ToString("D"),
                ["createdAtMs"] = createdAtMs ?? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
                ["source"] = new JsonObject { ["nodeId"] = from, ["role"] = "planner" },
                ["target"] = new JsonObject { ["kind"] = "capability", ["ref"] = target },
                ["operation"] = new JsonObject { ["name"] = operation, ["params"] = new JsonObject { ["durationSec"] = seconds } },
                ["trust"] = block,
            },
        };
    }

    public static JsonObject Trust() => new()
    {
        ["action_type"] = "actuation",
        ["evidence_trust_tier"] = "T3_verified_action_evidence",
        ["minimum_trust_tier"] = "T2_operational_observation",
        ["verification_required"] = "human",
        ["verification_satisfied"] = true,
        ["evidence_sources"] = new JsonArray("sensor", "human"),
        ["approved_by"] = new JsonArray("operator"),
    };

    /// <summary>A refusal by this code, and its message begins with it ([W-66]).</summary>
    public static void AssertRefused(JsonElement answer, string code)
    {
        Assert.False(answer.GetProperty("ok").GetBoolean(), answer.GetRawText());
        JsonElement error = answer.GetProperty("error");
        Assert.True(error.GetProperty("code").GetString() == code, $"expected {code}: {answer.GetRawText()}");
        Assert.StartsWith(code + ":", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    /// <summary>The executor's <c>result</c>, of an answer that is no refusal ([X-40]).</summary>
    public static JsonElement Result(JsonElement answer)
    {
        Assert.True(answer.GetProperty("ok").GetBoolean(), answer.GetRawText());
        return answer.GetProperty("payload").GetProperty("result");
    }

    public static JsonElement Done(JsonElement answer)
    {
        JsonElement result = Result(answer);
        Assert.True(result.GetProperty("outcome").GetString() == "done", answer.GetRawText());
        return result;
    }
}
