using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Journal.Reading;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Verifies the journal's chain once after the start, beside everything else: a journal somebody has changed still takes records, and
/// without this nobody would hear of it before the next <c>audit verify</c>.
/// </summary>
internal static class JournalInspection
{
    public static async Task RunAsync(string stateDirectory, ReadOnlyMemory<byte> publicKey, ISignatureVerifier verifier, IEventSink events, CancellationToken cancellationToken)
    {
        try
        {
            JournalVerification found = await Task.Run(() => new JournalVerifier(stateDirectory, verifier).Verify(publicKey.Span), cancellationToken);
            if (found.Ok) return;
            JournalFinding first = found.Findings[0];
            events.Publish(new EdgeEvent(
                0, default, EventTypes.Journal, EventSeverity.Error, "journal",
                $"The journal does not verify: {found.Findings.Count} findings, the first at {first.Place}{(first.Sequence is { } seq ? $" of record {seq}" : "")}: {first.What} `clawmesh-edge audit verify` lists them.", first.FailureClass));
        }
        catch (EdgeException)
        {
            // Unreadable: the journal's own health says so, and JournalWatch acts on it.
            return;
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }
}
