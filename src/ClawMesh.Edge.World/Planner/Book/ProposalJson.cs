using System.Text.Json;

namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>A proposal on the wire ([W-117]). What an Edge planner knows besides stands in the member <c>edge</c>.</summary>
public static class ProposalJson
{
    /// <summary>Writes the members into an object the caller has opened.</summary>
    public static void WriteMembers(Utf8JsonWriter w, Proposal p)
    {
        w.WriteString("taskId", p.TaskId);
        w.WriteString("summary", p.Summary);
        w.WriteString("reasoning", p.Reasoning);
        w.WriteString("targetRef", p.TargetRef);
        w.WriteString("operation", p.Operation);
        if (p.OperationParams is { } parameters)
        {
            w.WritePropertyName("operationParams");
            parameters.WriteTo(w);
        }

        w.WriteString("peerDeviceId", p.ExecutorDeviceId);
        w.WriteString("plannerDeviceId", p.PlannerDeviceId);
        w.WriteString("plannerRole", p.PlannerRole);
        w.WriteString("approvalLevel", p.Level.Word());
        w.WriteString("status", p.Status.Word());
        w.WriteString("createdBy", p.CreatedBy);
        w.WriteStartArray("triggerFrameIds");
        foreach (string frame in p.TriggerFrameIds) w.WriteStringValue(frame);
        w.WriteEndArray();
        w.WriteNumber("createdAt", p.CreatedAt.ToUnixTimeMilliseconds());
        w.WriteNumber("expiresAtMs", p.ExpiresAt.ToUnixTimeMilliseconds());
        if (p.ResolvedAt is { } resolved) w.WriteNumber("resolvedAt", resolved.ToUnixTimeMilliseconds());
        if (p.ResolvedBy is { } by) w.WriteString("resolvedBy", by);
        if (p.Result is { } result) WriteResult(w, result);
        WriteEdge(w, p);
    }

    private static void WriteResult(Utf8JsonWriter w, ProposalResult result)
    {
        w.WriteStartObject("result");
        w.WriteBoolean("ok", result.Ok);
        if (result.Error is { } error) w.WriteString("error", error);
        if (result.CommandId is { } command)
        {
            w.WriteStartObject("payload");
            w.WriteString("commandId", command);
            if (result.Outcome.Length > 0) w.WriteString("outcome", result.Outcome);
            if (result.Code is { } code) w.WriteString("code", code);
            w.WriteEndObject();
        }

        w.WriteEndObject();
    }

    private static void WriteEdge(Utf8JsonWriter w, Proposal p)
    {
        w.WriteStartObject("edge");
        w.WriteString("zone", p.Zone);
        if (p.Expectation is { } e)
        {
            w.WriteStartObject("expectation");
            w.WriteString("forecastId", e.ForecastId);
            Percent(w, "nowPercent", e.NowPercent);
            w.WriteNumber("afterMinutes", e.AfterMinutes);
            Percent(w, "withoutPercent", e.WithoutPercent);
            Percent(w, "withPercent", e.WithPercent);
            Percent(w, "lowPercent", e.LowPercent);
            Percent(w, "highPercent", e.HighPercent);
            w.WriteEndObject();
        }

        if (p.Comparison is { } c)
        {
            w.WriteStartObject("comparison");
            w.WriteNumber("atMs", c.At.ToUnixTimeMilliseconds());
            Percent(w, "measuredPercent", c.MeasuredPercent);
            Percent(w, "expectedPercent", c.ExpectedPercent);
            Percent(w, "errorPercent", c.ErrorPercent);
            w.WriteBoolean("inside", c.Inside);
            w.WriteEndObject();
        }

        w.WriteEndObject();
    }

    // JSON has no NaN; a number that is none is left out.
    private static void Percent(Utf8JsonWriter w, string name, double value)
    {
        if (double.IsFinite(value)) w.WriteNumber(name, Math.Round(value, 3));
    }
}
