using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Sync;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary><c>context.sync</c>, both sides ([W-85] to [W-88]).</summary>
internal sealed class CatchUp(MeshNode mesh)
{
    public const int MaxFrames = 500;

    // Room for the envelope around the frames: the whole answer stays under the 1 MiB every node accepts.
    private const int MaxAnswerBytes = 1_000_000;

    private const long OverlapMs = 60_000;
    private const long FirstWindowMs = 3_600_000;

    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    /// <summary>Writes the answer to a peer's question.</summary>
    public void Serve(Utf8JsonWriter w, JsonElement parameters)
    {
        int limit = (int)RpcParams.Number(parameters, "limit", 100, 1, MaxFrames);
        long since = RpcParams.Number(parameters, "since", 0, long.MinValue / 2, long.MaxValue / 2);
        IReadOnlyList<MeshFrame> found = mesh.World.Since(since, RpcParams.TextOrNull(parameters, "kind"), RpcParams.TextOrNull(parameters, "zone"));
        int first = Math.Max(found.Count - limit, 0);
        long bytes = 0;
        for (int i = found.Count - 1; i >= first; i--)
        {
            if (TooLong(found[i])) continue;
            bytes += found[i].Utf8.Length + 1;
            if (bytes <= MaxAnswerBytes) continue;
            first = i + 1;
            break;
        }

        w.WriteStartObject();
        w.WriteStartArray("frames");
        for (int i = first; i < found.Count; i++)
        {
            if (!TooLong(found[i])) w.WriteRawValue(found[i].Utf8, skipInputValidation: true);
        }

        w.WriteEndArray();
        w.WriteNumber("peerTimestamp", mesh.NowMs);
        w.WriteNumber("totalAvailable", found.Count);
        w.WriteEndObject();
    }

    /// <summary>Asks a peer for what was missed while there was no session with it.</summary>
    /// <param name="lastSeenMs">When an earlier session with the device ended; null when there was none in this life.</param>
    public async Task AskAsync(Session session, long? lastSeenMs)
    {
        // A classic node looks back from the last frame it took in. Behind a broken link the own sensors keep that young and the
        // gap stays; so the end of the last session counts, where there was one.
        long newest = mesh.World.LastTimestamp is { } last ? last - OverlapMs : mesh.NowMs - FirstWindowMs;
        long since = Math.Min(newest, lastSeenMs is { } seen ? seen - OverlapMs : mesh.NowMs - FirstWindowMs);
        CallResult result = await session.Conversation.CallAsync(
            "context.sync",
            w =>
            {
                w.WriteNumber("since", since);
                w.WriteNumber("limit", MaxFrames);
            },
            CallLimit);
        if (!result.Ok)
        {
            // Gone before it could answer, as a tool that sent its one command: its end is said elsewhere.
            if (result.Code != CallErrorCodes.PeerDisconnected) mesh.Events.Publish(new EdgeEvent(
                0, default, EventTypes.PeerFault, EventSeverity.Info, session.DeviceId.Abbreviated, $"{session} did not answer context.sync: {result.Code}", FailureClass.MeshPartition));
            return;
        }

        var taking = new Taking();
        if (result.Payload.ValueKind == JsonValueKind.Object && result.Payload.TryGetProperty("frames", out JsonElement frames) && frames.ValueKind == JsonValueKind.Array)
        {
            int looked = 0;
            foreach (JsonElement frame in frames.EnumerateArray())
            {
                if (++looked > MaxFrames) break;
                taking.Expect();
                mesh.Gossip.Take(session, System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(frame).ToArray(), FrameWay.CaughtUp, taking.Came);
            }
        }

        int taken = await taking.AllAsync();

        if (taken > 0)
            mesh.Events.Publish(new EdgeEvent(0, default, EventTypes.PeerSync, EventSeverity.Info, session.DeviceId.Abbreviated, $"Caught up with {session}: {taken} frames."));
    }

    // It fits in no answer, and must not hide what came before it.
    private static bool TooLong(MeshFrame frame) => frame.Utf8.Length >= MaxAnswerBytes;
}
