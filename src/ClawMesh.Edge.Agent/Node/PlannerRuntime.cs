using System.Text.Json;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What a planner is doing, as [W-135] shows it. Set by the planner's loop, read by views. Thread-safe: each member is one word.</summary>
internal sealed class PlannerRuntime(TimeProvider time)
{
    private volatile string _stage = "idle";
    private volatile string? _reason;
    private volatile string? _lastError;
    private long _updatedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <param name="thinking">A plan is being made.</param>
    /// <param name="reason">For what; null when idle.</param>
    public void Become(bool thinking, string? reason)
    {
        (_stage, _reason) = (thinking ? "thinking" : "idle", reason);
        Interlocked.Exchange(ref _updatedAtMs, time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <summary>The last cycle ended without a plan; null when it ended well.</summary>
    public void Failed(string? why)
    {
        (_stage, _reason, _lastError) = (why is null ? "idle" : "error", null, why);
        Interlocked.Exchange(ref _updatedAtMs, time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <param name="mode"><c>active</c>, <c>observing</c> or <c>suspended</c>.</param>
    public void Write(Utf8JsonWriter w, string mode, string? paused)
    {
        string stage = mode == "active" ? _stage : mode;
        w.WriteStartObject("plannerRuntime");
        w.WriteString("mode", mode);
        w.WriteString("stage", stage);
        w.WriteBoolean("running", stage == "thinking");
        // It makes one plan at a time, when its time has come; nothing waits in a queue.
        w.WriteNumber("queueDepth", 0);
        w.WriteStartObject("queue");
        w.WriteNumber("operatorIntent", 0);
        w.WriteNumber("thresholdBreach", 0);
        w.WriteNumber("proactiveCheck", 0);
        w.WriteEndObject();
        if (stage == "thinking") w.WriteString("activeTriggerType", "proactive_check");
        if ((paused ?? _reason) is { } reason) w.WriteString("activeReason", reason);
        if (_lastError is { } error) w.WriteString("lastError", error);
        w.WriteNumber("updatedAtMs", Interlocked.Read(ref _updatedAtMs));
        w.WriteEndObject();
    }
}
