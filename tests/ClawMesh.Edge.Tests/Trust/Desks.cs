using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.Trust;

/// <summary>What several tests of the desk need beyond <see cref="PermitDesk"/>.</summary>
internal static class Desks
{
    /// <summary>A peer that may command everything and whose approvals count.</summary>
    public static Caller MightyPeer => Caller.Peer(PermitDesk.Peer, ["*"], mayApprove: true);

    /// <summary>A second life of the node, over the same journal and settings.</summary>
    public static ActuationDesk SecondLife(this PermitDesk first, params IReadOnlyList<(IActuator, OutputPolicy)> outputs) => SecondLife(first, null, outputs);

    public static ActuationDesk SecondLife(this PermitDesk first, DateTimeOffset? journalResetAt, params IReadOnlyList<(IActuator, OutputPolicy)> outputs) => new(
        PermitDesk.Self, outputs, first.Journal, first.Journal, first.Readings, first.Readiness, first.Clock, first.Events, first, first.Time,
        new DeskOptions { MeshId = () => "mesh" }, () => journalResetAt, safetyThreads: null);

    public static Task<ActuationAnswer> AskAsync(this ActuationDesk desk, CommandEnvelope command, Caller? caller = null) =>
        desk.RequestAsync(new ActuationRequest(ForwardMessage.For(command, "operator-cli"), caller ?? Caller.Operator("operator:test")), CancellationToken.None);

    /// <summary>Every write but those to the declared safe value.</summary>
    public static IEnumerable<OutputValue> Energising(this ScriptedActuator actuator) => actuator.Writes.Where(w => w != actuator.SafeValue);

    /// <summary>Ends the desk, which empties the safety chronicle, and returns what the journal holds.</summary>
    public static async Task<IReadOnlyList<JournalRecord>> EndAndReadAsync(this PermitDesk desk)
    {
        await desk.DisposeAsync();
        return desk.Journal.Records;
    }

    public static JsonElement Element(this JsonNode node)
    {
        using JsonDocument document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }

    /// <summary>The records of a command alone: what made an output safe is recorded beside them, before or after as it happens.</summary>
    public static IEnumerable<JournalRecord> WithoutSafe(this IEnumerable<JournalRecord> records) => records.Where(r => r.Type != JournalRecordType.Safe);

    public static string Words(this IEnumerable<JournalRecord> records) => string.Join(' ', records.Select(r => $"{r.Type.Word()}:{r.Code}"));
}
