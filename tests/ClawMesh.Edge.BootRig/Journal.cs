using System.Text.Json;

namespace ClawMesh.Edge.BootRig;

/// <summary>A command the node has answered: from that moment its records must be there whatever happens.</summary>
internal sealed record Acknowledged(string CommandId, long Sequence, string Outcome);

/// <summary>What a look at a node's state on disk found.</summary>
internal sealed record JournalFindings(bool Verified, long Records, IReadOnlyList<string> Lost, string Detail);

internal static class JournalCheck
{
    /// <summary>The answer of <c>edge.actuate</c>; null when it is a refusal or no answer at all.</summary>
    public static Acknowledged? Answer(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("payload", out JsonElement payload)) return null;
            if (payload.ValueKind != JsonValueKind.Object || !payload.TryGetProperty("journalSeq", out JsonElement sequence)) return null;
            // Zero: nothing was journaled, and the answer says so.
            if (sequence.GetInt64() == 0) return null;
            return new Acknowledged(payload.GetProperty("commandId").GetString()!, sequence.GetInt64(), payload.GetProperty("outcome").GetString()!);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Verifies the journal in a state directory, and looks for every acknowledged record.</summary>
    public static JournalFindings Look(NodeProgram node, string state, IReadOnlyList<Acknowledged> acknowledged)
    {
        // A disk that was cut before the node's first start has no journal, and nothing was acknowledged.
        if (!File.Exists(Path.Combine(state, "edge.db"))) return new JournalFindings(true, 0, [.. acknowledged.Select(a => $"{a.Sequence} {a.CommandId}")], "no journal yet");
        ToolResult verify = node.Run(state, "audit", "verify", "--json");
        JsonElement? data = NodeProgram.Data(verify.Output);
        bool verified = verify.Status == 0 && data is { } d && d.GetProperty("verified").GetBoolean();
        ToolResult export = node.Run(state, "audit", "export");
        HashSet<(long, string)> found = [];
        foreach (string line in export.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement record = document.RootElement;
            if (record.TryGetProperty("commandId", out JsonElement id) && id.GetString() is { } command) found.Add((record.GetProperty("seq").GetInt64(), command));
        }

        string[] lost = [.. acknowledged.Where(a => !found.Contains((a.Sequence, a.CommandId))).Select(a => $"{a.Sequence} {a.CommandId}")];
        return new JournalFindings(verified, data is { } r ? r.GetProperty("records").GetInt64() : 0, lost, verified ? "" : verify.Output + verify.Error);
    }
}
