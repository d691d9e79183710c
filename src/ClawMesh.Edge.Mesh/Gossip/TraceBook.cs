using System.Globalization;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>Where remote observations came in ([W-140]): one chain per frame, the latest 200. Thread-safe.</summary>
internal sealed class TraceBook(TimeProvider time)
{
    public const int MaxChains = 200;

    private const int MaxValue = 64;
    private const int MaxSteps = 16;
    private const int MaxText = 200;

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

    /// <summary>A later stage of what began with a frame; nothing when that frame has no chain.</summary>
    public void Note(string frameId, string stage, string detail)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_lock)
        {
            foreach (Chain chain in _chains)
            {
                if (chain.Frame.FrameId != frameId || chain.Steps.Length >= MaxSteps) continue;
                // Replaced, not changed: a reader may hold it.
                chain.Steps = [.. chain.Steps, new Step(stage, now, PlainText.Of(detail, MaxText))];
            }
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
                w.WriteString("formatted", found.Formatted());
            }
            else
            {
                w.WriteNull("chain");
                w.WriteString("message", "No chain found for this frame ID");
            }
        }
        else if (stage is not null)
        {
            Chain[] passing = stage == "sensor.ingest" ? chains : Array.FindAll(chains, c => Array.Exists(c.Steps, step => step.Stage == stage));
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

    private sealed record Step(string Stage, long AtMs, string Detail);

    private sealed class Chain(MeshFrame frame, long atMs)
    {
        public MeshFrame Frame => frame;

        public long AtMs => atMs;

        /// <summary>What came after the ingest.</summary>
        public Step[] Steps { get; set; } = [];

        public string Formatted()
        {
            var text = new StringBuilder($"1. [sensor.ingest] +0ms: {Detail}");
            int n = 1;
            foreach (Step step in Steps) text.Append(CultureInfo.InvariantCulture, $"\n{++n}. [{step.Stage}] +{step.AtMs - AtMs}ms: {step.Detail}");
            return text.ToString();
        }

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
            foreach (Step step in Steps)
            {
                w.WriteStartObject();
                w.WriteString("stage", step.Stage);
                w.WriteNumber("timestamp", step.AtMs);
                w.WriteString("detail", step.Detail);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }
    }
}
