using System.Text;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Gossip;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

/// <summary>Frames for tables: a good one, and one member of it changed at a time.</summary>
internal static class Frames
{
    public const string Id = "5a0c7a4e-7e50-4ced-ac9f-8da3da773a68";

    public static JsonObject Good(string? source = null, long timestamp = 1_000, string? zone = "zone-1", string metric = "moisture", string kind = "observation", string? id = null, JsonNode? data = null) => new()
    {
        ["gen"] = 1,
        ["kind"] = kind,
        ["frameId"] = id ?? Guid.NewGuid().ToString("D"),
        ["sourceDeviceId"] = source ?? Ids.B.Value,
        ["timestamp"] = timestamp,
        ["data"] = data ?? (zone is null ? new JsonObject { ["text"] = "x" } : new JsonObject { ["zone"] = zone, ["metric"] = metric, ["value"] = 31.5 }),
        ["trust"] = new JsonObject { ["evidence_sources"] = new JsonArray("sensor"), ["evidence_trust_tier"] = "T2_operational_observation" },
        ["hops"] = 0,
    };

    /// <summary>Checks a frame's text as it is checked inside a message.</summary>
    public static MeshFrame? Check(string json, out FrameFault fault)
    {
        byte[] message = Encoding.UTF8.GetBytes($$"""{"type":"event","event":"context.frame","payload":{{json}}}""");
        var scan = new WireScan();
        Assert.Equal(WireKind.Event, scan.Message(message));
        MeshFrame? frame = new FrameCheck().Check(message, scan, out fault);

        // And on its own, as context.sync returns it: never another result.
        byte[] alone = Encoding.UTF8.GetBytes(json);
        if (json.StartsWith('{'))
        {
            Assert.True(scan.Frame(alone));
            MeshFrame? same = new FrameCheck().Check(alone, scan, out FrameFault sameFault);
            Assert.Equal((frame is null, fault), (same is null, sameFault));
            if (frame is not null) Assert.Equal(frame.Utf8, same!.Utf8);
        }

        return frame;
    }

    public static MeshFrame Frame(JsonObject frame)
    {
        MeshFrame? passed = Check(frame.ToJsonString(), out FrameFault fault);
        Assert.True(passed is not null, $"{fault}: {frame}");
        return passed;
    }
}
