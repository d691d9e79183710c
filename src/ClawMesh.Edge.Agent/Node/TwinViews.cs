using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.World.Anomalies;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>The twin as JSON: <c>edge.twin</c>. Changes nothing.</summary>
internal sealed class TwinViews(EdgeNode node)
{
    // Room for the envelope, one more entity and a history: an answer stays under the 1 MiB every node accepts ([W-9]).
    private const long MaxBytes = 900_000;

    private const int DefaultSteps = 96;
    private const int MaxSteps = 192;

    /// <param name="only">An entity's id, or the beginning of some, such as <c>zone:</c>; null for all.</param>
    /// <param name="history"><c>{entity, property, steps?, minutes?}</c>; undefined for none.</param>
    public void Write(Utf8JsonWriter w, string? only, JsonElement history)
    {
        TwinSnapshot twin = node.World.Twin.Current;
        w.WriteStartObject();
        w.WriteNumber("version", twin.Version);
        w.WriteNumber("atMs", twin.At.ToUnixTimeMilliseconds());
        w.WriteString("siteTime", node.World.Clock.Now.ToString("yyyy-MM-dd'T'HH:mm:sszzz", System.Globalization.CultureInfo.InvariantCulture));
        w.WriteNumber("rate", node.World.Clock.Rate);
        if (history.ValueKind == JsonValueKind.Object) History(w, history);
        Anomalies(w);
        Counts(w);
        Entities(w, twin, only);
        w.WriteEndObject();
    }

    private void Entities(Utf8JsonWriter w, TwinSnapshot twin, string? only)
    {
        var ids = new List<string>();
        foreach (string id in twin.Entities.Keys)
        {
            if (only is null || id.StartsWith(only, StringComparison.Ordinal)) ids.Add(id);
        }

        ids.Sort(StringComparer.Ordinal);
        int leftOut = 0;
        long now = node.Time.GetTimestamp();
        w.WriteStartArray("entities");
        foreach (string id in ids)
        {
            if (w.BytesCommitted + w.BytesPending > MaxBytes) leftOut++;
            else Entity(w, twin.Entities[id], now);
        }

        w.WriteEndArray();
        if (leftOut > 0) w.WriteNumber("leftOut", leftOut);
    }

    private void Entity(Utf8JsonWriter w, TwinEntity entity, long now)
    {
        w.WriteStartObject();
        w.WriteString("id", entity.Id);
        w.WriteString("kind", Word(entity.Kind));
        w.WriteStartArray("properties");
        var names = new List<string>(entity.Properties.Keys);
        names.Sort(StringComparer.Ordinal);
        foreach (string name in names) Property(w, entity.Properties[name], now);
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private void Property(Utf8JsonWriter w, TwinProperty property, long now)
    {
        w.WriteStartObject();
        w.WriteString("name", property.Name);
        if (property.Value is { } value) w.WriteNumber("value", Math.Round(value, 4));
        if (property.Unit.Length > 0) w.WriteString("unit", property.Unit);
        if (property.Text is not null) w.WriteString("text", property.Text);
        w.WriteString("tier", property.Tier.Word());
        w.WriteString("freshness", Word(property.Freshness));
        w.WriteStartArray("sources");
        foreach (string source in property.Sources) w.WriteStringValue(source);
        w.WriteEndArray();
        if (property.Simulated) w.WriteBoolean("simulated", true);
        w.WriteString("origin", property.Origin);
        if (property.FrameId.Length > 0) w.WriteString("frameId", property.FrameId);
        w.WriteNumber("timestampMs", property.TimestampMs);
        w.WriteNumber("heardMsAgo", (long)node.Time.GetElapsedTime(property.ArrivedTimestamp, now).TotalMilliseconds);
        w.WriteEndObject();
    }

    private void History(Utf8JsonWriter w, JsonElement asked)
    {
        string entity = RpcParams.Required(asked, "entity"), property = RpcParams.Required(asked, "property");
        int steps = (int)RpcParams.Number(asked, "steps", DefaultSteps, 1, MaxSteps);
        long minutes = RpcParams.Number(asked, "minutes", 15, 15, 1_440);
        if (minutes % 15 != 0)
            throw new EdgeException(GateCodes.InvalidParams, "The history was not read.", $"Steps of {minutes} minutes were asked for; whole multiples of 15 are kept.", "Ask for 15, 30, 60 …", FailureClass.ProtocolHandshake);
        float[] values = new float[steps];
        int filled = node.World.Twin.History(entity, property, TimeSpan.FromMinutes(minutes), values);
        w.WriteStartObject("history");
        w.WriteString("entity", entity);
        w.WriteString("property", property);
        w.WriteNumber("stepMinutes", minutes);
        w.WriteNumber("filled", filled);
        w.WriteStartArray("values");
        foreach (float value in values)
        {
            if (float.IsNaN(value)) w.WriteNullValue();
            else w.WriteNumberValue(Math.Round((double)value, 3));
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    private void Anomalies(Utf8JsonWriter w)
    {
        w.WriteStartArray("anomalies");
        foreach (AnomalyReport open in node.World.Anomalies.Open)
        {
            w.WriteStartObject();
            w.WriteString("kind", open.Kind);
            w.WriteString("subject", open.Subject);
            w.WriteNumber("sinceMs", open.At.ToUnixTimeMilliseconds());
            w.WriteString("seen", open.Seen);
            w.WriteString("expected", open.Expected);
            w.WriteString("check", open.Check);
            w.WriteString("tier", open.Tier.Word());
            w.WriteStartArray("evidence");
            foreach (string frame in open.Evidence) w.WriteStringValue(frame);
            w.WriteEndArray();
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    private void Counts(Utf8JsonWriter w)
    {
        TwinCounts counts = node.World.Twin.Counts;
        w.WriteStartObject("counts");
        w.WriteNumber("entities", counts.Entities);
        w.WriteNumber("properties", counts.Properties);
        w.WriteNumber("histories", counts.Histories);
        w.WriteNumber("folded", counts.Folded);
        w.WriteNumber("late", counts.Late);
        w.WriteNumber("fromFuture", counts.FromFuture);
        w.WriteNumber("unreadable", counts.Unreadable);
        w.WriteNumber("evicted", counts.Evicted);
        w.WriteNumber("refused", counts.Refused);
        w.WriteEndObject();
    }

    private static string Word(EntityKind kind) => kind switch
    {
        EntityKind.Zone => "zone",
        EntityKind.Tank => "tank",
        EntityKind.Line => "line",
        EntityKind.Actuator => "actuator",
        _ => "node",
    };

    private static string Word(Freshness freshness) => freshness switch
    {
        Freshness.Fresh => "fresh",
        Freshness.Aging => "aging",
        Freshness.Stale => "stale",
        _ => "expired",
    };
}
