using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Forecasting;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// What the node shows: the read methods of [W-133] to [W-139], with a member <c>edge</c> where this node has more to say
/// than a classic one. Every call changes nothing.
/// </summary>
internal sealed class NodeViews(EdgeNode node)
{
    private readonly MeshViews _mesh = new(node.Mesh, node.Time, node.MeshDiagnostics);
    private readonly ProposalViews _proposals = new(node.Mesh, node.Time);

    // Room for the envelope around the frames: an answer stays under the 1 MiB every node accepts ([W-9]).
    private const long MaxFrameBytes = 1_000_000;

    private static readonly DateTimeOffset Never = DateTimeOffset.UnixEpoch;

    public void Health(Utf8JsonWriter w)
    {
        WorldCounts world = node.Mesh.World.Counts;
        Readiness readiness = node.Readiness.Current;
        bool storageBad = node.Journal.Health.State == JournalState.Unavailable;
        bool outputBad = node.Desk.HasFault();
        w.WriteStartObject();
        w.WriteString("status", storageBad || outputBad ? "unhealthy" : readiness.Level < ReadinessLevel.NodeGreen || node.Mesh.Health.Degraded || (node.LocalCapabilities.Count == 0 && node.Mesh.Sessions.Count == 0) ? "degraded" : "healthy");
        w.WriteString("nodeId", node.DeviceId.Value[..16] + "...");
        w.WriteString("displayName", node.Options.Name);
        w.WriteNumber("uptimeMs", (long)node.Uptime.TotalMilliseconds);
        w.WriteString("startedAt", Iso(node.StartedAt));
        _mesh.HealthPeers(w);
        w.WriteStartObject("worldModel");
        w.WriteNumber("entries", world.Entries);
        w.WriteNumber("frameLogSize", world.Frames);
        w.WriteEndObject();
        w.WriteStartObject("capabilities");
        w.WriteStartArray("local");
        foreach (string capability in node.LocalCapabilities) w.WriteStringValue(capability);
        w.WriteEndArray();
        w.WriteNumber("meshTotal", _mesh.MeshTotal);
        w.WriteEndObject();
        _mesh.Leader(w);
        _mesh.Activity(w);
        _proposals.Runtime(w);
        _mesh.Configured(w);
        w.WriteNumber("memoryUsageMB", Math.Round(Environment.WorkingSet / 1048576.0, 1));
        Metrics(w);
        w.WriteString("version", node.Version);
        w.WriteString("timestamp", Iso(node.Time.GetUtcNow()));
        w.WriteEndObject();
    }

    public void Status(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteString("localDeviceId", node.DeviceId.Value);
        w.WriteNumber("connectedPeers", node.Mesh.Sessions.Count);
        _mesh.WritePeers(w, withCapabilities: false);
        _mesh.Activity(w);
        _proposals.Runtime(w);
        _mesh.Configured(w);
        _proposals.Pending(w);
        w.WritePropertyName("edge");
        Edge(w);
        w.WriteEndObject();
    }

    public void Peers(Utf8JsonWriter w) => _mesh.Peers(w);

    /// <summary>[W-138]; <c>current</c> adds the latest frame of every key when <paramref name="withCurrent"/> asks for it.</summary>
    public void World(Utf8JsonWriter w, int limit, string? kind, string? source, bool withCurrent)
    {
        IReadOnlyList<MeshFrame> frames = node.Mesh.World.Log(limit, kind, source, withCurrent ? MaxFrameBytes / 2 : MaxFrameBytes);
        w.WriteStartObject();
        w.WriteNumber("count", frames.Count);
        w.WriteNumber("entries", node.Mesh.World.Counts.Entries);
        Frames(w, "frames", frames);
        Breakdown(w, "bySourceDeviceId", frames, f => f.SourceDeviceId);
        Breakdown(w, "byKind", frames, f => f.Kind);
        Breakdown(w, "byTrustTier", frames, f => f.Tier.Word());
        if (withCurrent)
        {
            IReadOnlyList<MeshFrame> current = FrameFit.Fitting(node.Mesh.World.Current(), MaxFrameBytes / 2, out int leftOut);
            Frames(w, "current", current);
            if (leftOut > 0) w.WriteNumber("currentLeftOut", leftOut);
            // What this node believes may be less than what a frame states; the frame itself is shown as it came.
            w.WriteStartObject("believed");
            foreach (MeshFrame frame in current)
            {
                if (frame.EffectiveTier < frame.Tier) w.WriteString(frame.FrameId, frame.EffectiveTier.Word());
            }

            w.WriteEndObject();
        }

        w.WriteNumber("peerTimestamp", node.Time.GetUtcNow().ToUnixTimeMilliseconds());
        w.WriteEndObject();
    }

    private static void Frames(Utf8JsonWriter w, string name, IReadOnlyList<MeshFrame> frames)
    {
        w.WriteStartArray(name);
        foreach (MeshFrame frame in frames) w.WriteRawValue(frame.Utf8, skipInputValidation: true);
        w.WriteEndArray();
    }

    /// <summary>[W-139]. Edge events carry <c>sequence</c>, <c>severity</c>, <c>subject</c> and their schema besides.</summary>
    /// <param name="withDetails">Whether the caller may read what is for operators alone.</param>
    public void Events(Utf8JsonWriter w, int limit, string? type, long? sinceMs, long? afterSequence, string? trace, bool withDetails)
    {
        if (trace is not null) trace = PlainText.Visible(trace, EventLog.MaxText);
        bool Traced(EdgeEvent e) => trace is null
            || (e.Trace == trace && (type is null || e.Type == type) && !(e.At.ToUnixTimeMilliseconds() <= sinceMs) && !(e.Sequence <= afterSequence));
        IReadOnlyList<EdgeEvent> newest = (type, sinceMs, afterSequence) switch
        {
            ({ } t, _, _) => node.Events.Newest(limit, e => e.Type == t && Traced(e)),
            (null, { } since, _) => [.. node.Events.Newest(EventLog.Capacity, e => e.At.ToUnixTimeMilliseconds() > since && Traced(e)).Reverse().TakeLast(limit)],
            (null, null, { } after) => [.. node.Events.Newest(EventLog.Capacity, e => e.Sequence > after && Traced(e)).Reverse().Take(limit)],
            _ => node.Events.Newest(limit, Traced),
        };
        DateTimeOffset hourAgo = node.Time.GetUtcNow() - TimeSpan.FromMinutes(60);
        IReadOnlyList<EdgeEvent> lastHour = node.Events.Newest(EventLog.Capacity, e => e.At >= hourAgo);
        w.WriteStartObject();
        w.WriteStartArray("events");
        foreach (EdgeEvent e in newest) Event(w, e, withDetails || !e.OperatorOnly);
        w.WriteEndArray();
        w.WriteStartObject("summary");
        w.WriteNumber("total", lastHour.Count);
        w.WriteStartObject("byType");
        foreach (IGrouping<string, EdgeEvent> group in lastHour.GroupBy(e => e.Type).OrderBy(g => g.Key, StringComparer.Ordinal)) w.WriteNumber(group.Key, group.Count());
        w.WriteEndObject();
        w.WriteNumber("errors", lastHour.Count(e => e.Severity == EventSeverity.Error));
        w.WriteNumber("peerChanges", lastHour.Count(e => e.Type is EventTypes.PeerConnect or EventTypes.PeerDisconnect));
        w.WriteNumber("proposals", lastHour.Count(e => e.Type == EventTypes.ProposalCreated));
        w.WriteEndObject();
        w.WriteNumber("total", Math.Min(node.Events.Count, EventLog.Capacity));
        w.WriteEndObject();
    }

    private static void Event(Utf8JsonWriter w, EdgeEvent e, bool withDetails)
    {
        w.WriteStartObject();
        w.WriteString("type", e.Type);
        w.WriteNumber("timestamp", e.At.ToUnixTimeMilliseconds());
        w.WriteString("message", withDetails ? e.Message : "The details are for operators of this node.");
        w.WriteNumber("sequence", e.Sequence);
        w.WriteNumber("schema", EdgeEvent.Schema);
        w.WriteString("severity", e.Severity.ToString().ToLowerInvariant());
        w.WriteString("subject", e.Subject);
        if (e.FailureClass is { } failure) w.WriteString("failureClass", failure.Word());
        if (e.Trace is not null) w.WriteString("trace", e.Trace);
        if (withDetails && e.Data is { Count: > 0 } data)
        {
            w.WriteStartObject("data");
            foreach ((string key, string value) in data) w.WriteString(key, value);
            w.WriteEndObject();
        }

        w.WriteEndObject();
    }

    private void Metrics(Utf8JsonWriter w)
    {
        w.WriteStartArray("metrics");
        Metric(w, "mesh.rpc.requests", "counter", node.Rpc.Requests);
        Metric(w, "mesh.rpc.errors", "counter", node.Rpc.Errors);
        _mesh.Metrics(w);
        Metric(w, "mesh.llm.calls", "counter", node.Llm?.Calls ?? 0);
        Metric(w, "mesh.llm.errors", "counter", node.Llm?.Errors ?? 0);
        Metric(w, "edge.frames.stored", "gauge", node.Archive.Counters.Stored);
        Metric(w, "edge.frames.dropped", "counter", node.Archive.Counters.Dropped);
        Metric(w, "edge.actuation.refused", "counter", node.Desk.RefusedCount);
        Metric(w, "edge.safety.late_ticks", "counter", node.Desk.Safety.LateTicks);
        w.WriteEndArray();
    }

    // [W-142]: a metric is listed after its first increment.
    private static void Metric(Utf8JsonWriter w, string name, string type, long value)
    {
        if (value == 0) return;
        w.WriteStartObject();
        w.WriteString("name", name);
        w.WriteString("type", type);
        w.WriteNumber("value", value);
        w.WriteEndObject();
    }

    private static void Breakdown(Utf8JsonWriter w, string name, IReadOnlyList<MeshFrame> frames, Func<MeshFrame, string> key)
    {
        w.WriteStartObject(name);
        foreach (IGrouping<string, MeshFrame> group in frames.GroupBy(key)) w.WriteNumber(group.Key, group.Count());
        w.WriteEndObject();
    }

    private void Edge(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteString("name", node.Options.Name);
        w.WriteString("role", node.Options.Role);
        w.WriteString("version", node.Version);
        w.WriteNumber("pid", Environment.ProcessId);
        w.WriteNumber("uptimeMs", (long)node.Uptime.TotalMilliseconds);
        w.WriteString("stateDir", node.Options.State.Path);
        w.WriteString("site", node.Site.Name);
        w.WriteString("board", node.Site.Board);
        w.WriteBoolean("simulated", node.Site.Simulated);
        w.WriteString("listen", node.ListeningOn);
        w.WriteString("socket", node.SocketPath);
        _mesh.Edge(w);
        _proposals.Heard(w);
        OutlookView.Write(w, node.Outlook);
        ReadinessOf(w);
        Sensors(w);
        Actuators(w);
        Storage(w);
        ClockOf(w);
        SafetyOf(w);
        Subsystems(w);
        w.WriteEndObject();
    }

    private void ReadinessOf(Utf8JsonWriter w)
    {
        Readiness readiness = node.Readiness.Current;
        w.WriteStartObject("readiness");
        w.WriteString("level", readiness.Level.Word());
        w.WriteStartArray("evidence");
        foreach (ReadinessEvidence piece in readiness.Evidence)
        {
            w.WriteStartObject();
            w.WriteString("level", piece.Level.Word());
            w.WriteString("subject", piece.Subject);
            w.WriteBoolean("holds", piece.Holds);
            w.WriteString("detail", piece.Detail);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    private void Sensors(Utf8JsonWriter w)
    {
        Dictionary<string, Subsystem> states = node.Subsystems.All.Where(s => s.Group == "sensor").ToDictionary(s => s.Name);
        w.WriteStartArray("sensors");
        foreach (ISensor sensor in node.Sensors)
        {
            SensorInfo info = sensor.Info;
            w.WriteStartObject();
            w.WriteString("id", info.Id.Value);
            w.WriteString("zone", info.Zone);
            w.WriteString("metric", info.Quantity.Metric);
            w.WriteString("unit", info.Quantity.Unit);
            Subsystem subsystem = states[info.Id.Value];
            w.WriteString("state", subsystem.State.Word());
            if (node.Latest.Latest(info.Id) is { } reading)
            {
                if (double.IsFinite(reading.Value))
                {
                    w.WriteNumber("value", Math.Round(reading.Value, 4));
                    w.WriteString("status", FrameFactory.Status(reading.Value, info));
                }
                else
                {
                    w.WriteString("status", info.MayBeOff && double.IsNaN(reading.Value) ? "off" : "implausible");
                }

                w.WriteNumber("ageMs", (long)node.Time.GetElapsedTime(reading.SampledTimestamp).TotalMilliseconds);
            }

            if (info.Simulated) w.WriteBoolean("simulated", true);
            subsystem.WriteTrouble(w);
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    private void Actuators(Utf8JsonWriter w)
    {
        w.WriteStartArray("actuators");
        foreach (OutputView output in node.Desk.Outputs())
        {
            w.WriteStartObject();
            w.WriteString("ref", output.Policy.Actuator.Value);
            if (output.State is { } state) w.WriteString("state", state.ToString());
            w.WriteString("safe", output.Policy.Safe.ToString());
            if (output.LeaseLeft is { } left) w.WriteNumber("leaseLeftMs", (long)left.TotalMilliseconds);
            if (output.CommandId is { } command) w.WriteString("commandId", command);
            w.WriteNumber("onInLastHourMs", (long)output.OnInLastHour.TotalMilliseconds);
            w.WriteNumber("maxOnMs", (long)output.Policy.MaxOn.TotalMilliseconds);
            if (output.SafePending) w.WriteBoolean("safePending", true);
            if (output.Fence is { } fence)
            {
                w.WriteStartObject("fence");
                w.WriteNumber("number", fence.Number);
                w.WriteString("holder", fence.Holder);
                w.WriteNumber("expiresAtMs", fence.UntilMs);
                w.WriteEndObject();
            }

            if (output.Latch is { } latch)
            {
                w.WriteStartObject("latch");
                w.WriteString("cause", latch.Cause);
                w.WriteString("why", latch.Why);
                w.WriteNumber("atMs", latch.At.ToUnixTimeMilliseconds());
                w.WriteEndObject();
            }

            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    private void Storage(Utf8JsonWriter w)
    {
        JournalHealth health = node.Journal.Health;
        w.WriteStartObject("journal");
        w.WriteString("state", health.State == JournalState.Ready ? "ready" : "unavailable");
        if (health.Why.Length > 0) w.WriteString("why", health.Why);
        if (health.Fix.Length > 0) w.WriteString("fix", health.Fix);
        if (node.Journal.NewestRecordAt is { } newest) w.WriteString("newestRecordAt", Iso(newest));
        w.WriteEndObject();

        var counters = node.Archive.Counters;
        w.WriteStartObject("frames");
        w.WriteNumber("stored", counters.Stored);
        w.WriteNumber("bytes", counters.Bytes);
        w.WriteNumber("appended", counters.Appended);
        w.WriteNumber("dropped", counters.Dropped);
        w.WriteNumber("pruned", counters.Pruned);
        w.WriteEndObject();
    }

    private void ClockOf(Utf8JsonWriter w)
    {
        w.WriteStartObject("clock");
        node.Clock.Facts().WriteMembers(w);
        w.WriteEndObject();
    }

    private static void Latency(Utf8JsonWriter w, string name, string count, LatencyFigures figures)
    {
        w.WriteStartObject(name);
        w.WriteNumber(count, figures.Count);
        w.WriteNumber("p50Microseconds", Math.Round(figures.P50Microseconds, 1));
        w.WriteNumber("p99Microseconds", Math.Round(figures.P99Microseconds, 1));
        w.WriteNumber("p999Microseconds", Math.Round(figures.P999Microseconds, 1));
        w.WriteNumber("maxMicroseconds", Math.Round(figures.MaxMicroseconds, 1));
        w.WriteEndObject();
    }

    private void SafetyOf(Utf8JsonWriter w)
    {
        SafetyCounters safety = node.Desk.Safety;
        w.WriteStartObject("safety");
        w.WriteNumber("ticks", safety.Ticks);
        w.WriteNumber("lateTicks", safety.LateTicks);
        w.WriteNumber("sinceLastTickMs", Math.Round(safety.SinceLastTick.TotalMilliseconds, 1));
        w.WriteNumber("refused", node.Desk.RefusedCount);
        w.WriteString("scheduling", node.SafetyScheduling);
        Latency(w, "gate", "commands", node.Desk.GateLatency);
        Latency(w, "jitter", "ticks", safety.Jitter);
        Latency(w, "leaseEnd", "leases", safety.LeaseEnds);
        Latency(w, "edgeToFrame", "edges", node.Frames.EdgeToFrame);
        w.WriteEndObject();
    }

    private void Subsystems(Utf8JsonWriter w)
    {
        w.WriteStartArray("subsystems");
        foreach (Subsystem s in node.Subsystems.All.Where(s => s.Group != "sensor"))
        {
            w.WriteStartObject();
            w.WriteString("name", s.Name);
            w.WriteString("group", s.Group);
            w.WriteString("state", s.State.Word());
            s.WriteTrouble(w);
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    private static string Iso(DateTimeOffset at) => (at == default ? Never : at).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
