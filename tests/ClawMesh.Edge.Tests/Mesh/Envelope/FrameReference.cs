using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Mesh;

namespace ClawMesh.Edge.Tests.Mesh.Envelope;

/// <summary>The table of [W-69] with the limits of [W-71], written down a second time, slowly and over a parsed document.</summary>
internal static class FrameReference
{
    private static readonly string[] Tiers = ["T0_planning_inference", "T1_unverified_observation", "T2_operational_observation", "T3_verified_action_evidence"];
    private static readonly string[] Sources = ["llm", "sensor", "device", "human", "mixed"];

    /// <summary>The counter of the drop; null for a sound frame.</summary>
    public static MeshCounter? Judge(JsonElement frame)
    {
        if (frame.ValueKind != JsonValueKind.Object) return MeshCounter.InvalidFrame;
        bool sound = Text(frame, "frameId", 1, 128) && Text(frame, "kind", 1, 64) && Text(frame, "sourceDeviceId", 64, 64)
            && frame.GetProperty("sourceDeviceId").GetString()!.All(char.IsAsciiHexDigitLower)
            && Whole(frame, "timestamp") is not null
            && Is(frame, "data", JsonValueKind.Object) && Is(frame, "trust", JsonValueKind.Object)
            && (!Present(frame, "hops") || Whole(frame, "hops") >= 0)
            && (!Present(frame, "note") || Text(frame, "note", 0, 4096))
            && (!Present(frame, "sourceDisplayName") || Text(frame, "sourceDisplayName", 0, 128))
            && Trusted(frame.GetProperty("trust"));
        if (!sound) return MeshCounter.InvalidFrame;
        if (frame.TryGetProperty("gen", out JsonElement gen) && !(gen.ValueKind == JsonValueKind.Number && gen.GetDouble() == 1)) return MeshCounter.GenerationMismatch;
        return Encoding.UTF8.GetByteCount(frame.GetProperty("data").GetRawText()) > 524_288 ? MeshCounter.DataTooLarge : null;
    }

    private static bool Trusted(JsonElement trust) =>
        Is(trust, "evidence_trust_tier", JsonValueKind.String) && Tiers.Contains(trust.GetProperty("evidence_trust_tier").GetString())
        && Is(trust, "evidence_sources", JsonValueKind.Array) && trust.GetProperty("evidence_sources").GetArrayLength() <= 8
        && trust.GetProperty("evidence_sources").EnumerateArray().All(s => s.ValueKind == JsonValueKind.String && Sources.Contains(s.GetString()));

    private static bool Present(JsonElement e, string name) => e.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    private static bool Is(JsonElement e, string name, JsonValueKind kind) => e.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind;

    private static bool Text(JsonElement e, string name, int min, int max) =>
        Is(e, name, JsonValueKind.String) && e.GetProperty(name).GetString()!.Length is var length && length >= min && length <= max;

    private static double? Whole(JsonElement e, string name) =>
        Is(e, name, JsonValueKind.Number) && e.GetProperty(name).GetDouble() is var number && Math.Floor(number) == number && Math.Abs(number) <= 9007199254740991 ? number : null;
}
