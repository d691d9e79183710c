using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>The JSON bodies of journal records, and the records around them.</summary>
internal static class JournalBodies
{
    /// <summary>A note of a person, as long as the wire allows a frame's note to be ([W-71]).</summary>
    private const int MaxNote = 4096;

    public static JournalEntry Decision(Deliberation d, Refusal? refusal, string? permitId, string evidenceDigest) => new(
        JournalRecordType.Decision,
        d.Message.TargetRef,
        d.Message.Envelope?.CommandId,
        permitId,
        refusal?.Code ?? GateCodes.Ok,
        Json(writer =>
        {
            writer.WriteBoolean("granted", refusal is null);
            writer.WriteString("caller", d.Request.Caller.Name);
            if (d.Request.Caller.Device is { } device) writer.WriteString("device", device.Value);
            if (d.Message.Envelope is { } command)
            {
                writer.WriteString("operation", command.OperationName);
                writer.WriteNumber("createdAtMs", command.CreatedAtMs);
                if (command.SourceNodeId is not null) writer.WriteString("sourceNodeId", command.SourceNodeId);
                if (command.Note is not null) writer.WriteString("note", Clip(command.Note, MaxNote));
            }

            if (refusal is null)
            {
                writer.WriteString("value", d.Value.ToString());
                writer.WriteNumber("leaseMs", (long)d.Limits.Lease.TotalMilliseconds);
                if (d.Remark.Length > 0) writer.WriteString("forecast", Clip(d.Remark, MaxNote));
            }
            else
            {
                writer.WriteString("why", Clip(refusal.Why, MaxNote));
            }

            if (d.Message.Trust is { } trust)
            {
                writer.WriteString("evidenceTier", Clip(trust.EvidenceTier ?? "", 64));
                writer.WriteStartArray("evidenceSources");
                foreach (string source in (trust.EvidenceSources ?? []).Take(8)) writer.WriteStringValue(Clip(source, 64));
                writer.WriteEndArray();
                writer.WriteStartArray("approvedBy");
                foreach (string name in (trust.ApprovedBy ?? []).Take(8)) writer.WriteStringValue(Clip(name, 128));
                writer.WriteEndArray();
            }

            if (d.Digest.Length > 0) writer.WriteString("digest", d.Digest);
            writer.WriteString("evidenceDigest", evidenceDigest);
        }));

    public static JournalEntry Outcome(ActuationAnswer answer) => new(
        JournalRecordType.Outcome, answer.TargetRef, answer.CommandId, answer.PermitId, answer.Code, ActuationAnswerJson.ToText(answer));

    public static JournalEntry Safe(SafetyNote note) => new(
        note.Cause == SafeCause.LeaseEnd ? JournalRecordType.LeaseEnd : JournalRecordType.Safe,
        note.Slot.Id.Value,
        note.Lease?.CommandId,
        note.Lease?.Permit.Value,
        note.Cause.Word(),
        Json(writer =>
        {
            writer.WriteString("safeValue", note.Slot.Policy.Safe.ToString());
            writer.WriteBoolean("wasEnergised", note.Result.WasEnergised);
            writer.WriteBoolean("confirmed", note.Result.Confirmed);
            writer.WriteNumber("atMs", note.At.ToUnixTimeMilliseconds());
            writer.WriteNumber("onForMs", Math.Round(note.OnFor.TotalMilliseconds, 1));
            if (note.Cause == SafeCause.LeaseEnd) writer.WriteNumber("lateMs", Math.Round(note.Late.TotalMilliseconds, 3));
            if (note.Result.Detail is { Length: > 0 } detail) writer.WriteString("detail", detail);
        }));

    public static JournalEntry StartSafe(ActuatorId actuator, OutputValue safe, SafeResult result) => new(
        JournalRecordType.Safe, actuator.Value, null, null, SafeCause.Start.Word(),
        Json(writer =>
        {
            writer.WriteString("safeValue", safe.ToString());
            writer.WriteBoolean("wasEnergised", result.WasEnergised);
            writer.WriteBoolean("confirmed", result.Confirmed);
            if (result.Detail is { Length: > 0 } detail) writer.WriteString("detail", detail);
        }));

    public static JournalEntry Operator(string act, string? target, string by, string detail) => new(
        JournalRecordType.Operator, target, null, null, act,
        Json(writer =>
        {
            writer.WriteString("by", by);
            if (detail.Length > 0) writer.WriteString("detail", Clip(detail, MaxNote));
        }));

    /// <summary>Where the record of an event stands; nothing when the journal did not take it.</summary>
    public static IReadOnlyDictionary<string, string>? Place(long sequence) =>
        sequence == 0 ? null : new Dictionary<string, string> { ["journalSeq"] = sequence.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    /// <summary>SHA-256 of the trust block as compared by [W-96], hex.</summary>
    public static string EvidenceDigest(TrustBlock? trust) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(trust?.ComparisonText() ?? "")));

    private static string Clip(string text, int length) => text.Length <= length ? text : text[..length];

    private static string Json(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
