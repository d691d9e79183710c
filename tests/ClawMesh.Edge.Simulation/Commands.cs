using System.Text.Json;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Simulation;

/// <summary>Commands and forwards as the tests send them.</summary>
internal static class Commands
{
    public const string Valve = "actuator:valve:V1";

    private static int _count;

    public static CommandEnvelope Open(TimeProvider time, string? id = null, string operation = "open", TrustBlock? trust = null, string target = Valve, string source = "sender", long? createdAtMs = null) =>
        CommandEnvelope.Create(
            id ?? $"cmd-{Interlocked.Increment(ref _count)}", createdAtMs ?? time.GetUtcNow().ToUnixTimeMilliseconds(), source, "planner", target, operation,
            operation == "open" ? Seconds(30) : null, trust ?? PermitDesk.GoodTrust, note: null);

    /// <summary>The params of a forward, as text that a test may spoil.</summary>
    public static string Forward(CommandEnvelope command, string origin = "sender")
    {
        using var buffer = new MemoryStream();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            w.WriteString("channel", "clawmesh");
            w.WriteString("to", command.TargetRef);
            w.WriteString("originGatewayId", origin);
            w.WriteString("idempotencyKey", command.CommandId);
            w.WritePropertyName("command");
            command.Raw.WriteTo(w);
            w.WritePropertyName("trust");
            command.Raw.GetProperty("trust").WriteTo(w);
            w.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static JsonElement Seconds(int seconds) => PermitDesk.Params($$"""{"durationSec":{{seconds}}}""");
}
