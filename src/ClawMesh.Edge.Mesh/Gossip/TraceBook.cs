using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Frames;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>Where remote observations came in ([W-140]): one chain per frame, the latest 200. Thread-safe.</summary>
internal sealed class TraceBook(TimeProvider time)
{
    public const int MaxChains = 200;

    private const int MaxValue = 64;

    private readonly Lock _lock = new();
    private readonly Queue<Chain> _chains = new();

    public void Heard(MeshFrame frame)
    {
        if (frame.Kind != FrameKinds.Observation) return;
        var chain = new Chain(frame, time.GetUtcNow().ToUnixTimeMilliseconds());
        lock (_lock)
        {
            _chains.Enqueue(chain);
            if (_chains.Count > MaxChains) _chains.Dequeue();
        }
    }

    public void Write(Utf8JsonWriter w, string? frameId, string? stage)
    {
        Chain[] chains;
        lock (_lock) chains = [.. _chains];
        w.WriteStartObject();
        if (frameId is not null)
        {
            if (Array.FindLast(chains, c => c.Frame.FrameId == frameId) is { } found)
            {
                w.WritePropertyName("chain");
                found.Write(w);
                w.WriteString("formatted", $"1. [sensor.ingest] +0ms: {found.Detail}");
            }
            else
            {
                w.WriteNull("chain");
                w.WriteString("message", "No chain found for this frame ID");
            }
        }
        else if (stage is not null)
        {
            // Every chain of a node without a planner has the one stage.
            Chain[] passing = stage == "sensor.ingest" ? chains : [];
            w.WriteStartArray("chains");
            foreach (Chain chain in passing.Length <= 20 ? passing : passing[^20..]) chain.Write(w);
            w.WriteEndArray();
            w.WriteNumber("total", passing.Length);
        }
        else
        {
            w.WriteNumber("trackedChains", chains.Length);
        }

        w.WriteEndObject();
    }

    private sealed record Chain(MeshFrame Frame, long AtMs)
    {
        public string Detail
        {
            get
            {
                using JsonDocument document = JsonDocument.Parse(Frame.Utf8);
                string value = document.RootElement.GetProperty("data").TryGetProperty("value", out JsonElement v) ? v.GetRawText() : "?";
                // A value is a number; what else somebody sends must not fill an answer.
                if (value.Length > MaxValue) value = value[..MaxValue] + "…";
                return string.Create(CultureInfo.InvariantCulture, $"{Frame.Zone}:{Frame.Metric}={value}");
            }
        }

        public void Write(Utf8JsonWriter w)
        {
            w.WriteStartObject();
            w.WriteString("originId", Frame.FrameId);
            w.WriteNumber("startedAt", AtMs);
            w.WriteStartArray("steps");
            w.WriteStartObject();
            w.WriteString("stage", "sensor.ingest");
            w.WriteNumber("timestamp", AtMs);
            w.WriteString("detail", Detail);
            w.WriteStartObject("data");
            w.WriteString("sourceDeviceId", Frame.SourceDeviceId);
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndArray();
            w.WriteEndObject();
        }
    }
}
