using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// What was done to the outputs lately, in the shape of <c>clawmesh.mock.actuator.state</c> ([W-141]), so that classic tools can show a
/// real output. Read only. Thread-safe.
/// </summary>
internal sealed class ActuatorHistory
{
    public const int MaxHistory = 100;

    private readonly Lock _lock = new();
    private readonly Queue<ActuationAnswer> _applied = new();
    private readonly Dictionary<string, ActuationAnswer> _last = new(StringComparer.Ordinal);
    private ActuationAnswer? _refusal;

    /// <summary>Takes the end of a command in; only those that drove something enter the history.</summary>
    public void Finished(ActuationAnswer answer)
    {
        lock (_lock)
        {
            if (answer.Outcome == ActuationOutcome.Refused)
            {
                _refusal = answer;
                return;
            }

            // Bounded by the outputs of the site: a target that is none of them is refused.
            _last[answer.TargetRef] = answer;
            _applied.Enqueue(answer);
            if (_applied.Count > MaxHistory) _applied.Dequeue();
        }
    }

    /// <param name="only">Filters the records, not the history.</param>
    public void Write(Utf8JsonWriter w, IReadOnlyList<OutputView> outputs, long refusedCount, string? only)
    {
        lock (_lock)
        {
            w.WriteStartObject();
            w.WriteStartArray("records");
            foreach (OutputView output in outputs)
            {
                string target = output.Policy.Actuator.Value;
                if (only is not null && only != target) continue;
                ActuationAnswer? last = _last.GetValueOrDefault(target);
                w.WriteStartObject();
                w.WriteString("targetRef", target);
                w.WriteString("status", output.State?.ToString() ?? "unknown");
                if (last is not null)
                {
                    w.WriteString("lastCommandId", last.CommandId);
                    w.WriteString("lastOperation", last.Operation);
                }

                w.WriteNumber("updatedAtMs", last?.FinishedAtMs ?? 0);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteStartArray("history");
            foreach (ActuationAnswer answer in _applied)
            {
                w.WriteStartObject();
                w.WriteString("targetRef", answer.TargetRef);
                w.WriteString("commandId", answer.CommandId);
                w.WriteString("operation", answer.Operation);
                w.WriteNumber("appliedAtMs", answer.FinishedAtMs);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteNumber("refusedCount", refusedCount);
            if (_refusal is { } refusal)
            {
                w.WriteStartObject("lastRefusal");
                w.WriteString("targetRef", refusal.TargetRef);
                w.WriteString("code", refusal.Code);
                w.WriteString("message", refusal.Message);
                w.WriteNumber("atMs", refusal.FinishedAtMs);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        }
    }
}
