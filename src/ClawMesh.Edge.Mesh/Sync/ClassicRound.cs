using System.Text.Json;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>The part of a round about frames without numbers ([X-31]): hours that differ, then the five minutes within them, then ids.</summary>
/// <param name="ask">Sends one request of <c>edge.sync</c>.</param>
/// <param name="take">Takes the frames of an answer; returns how many there were.</param>
internal sealed class ClassicRound(MeshNode mesh, IFrameArchive archive, Func<Action<Utf8JsonWriter>, Task<CallResult>> ask, Func<JsonElement, Task<int>> take)
{
    // Requests for steps of one round; what is left differs at the next round still.
    private const int MaxRequests = 200;

    private int _requests;

    public async Task<bool> RunAsync()
    {
        long to = Down(mesh.NowMs - ClassicDigests.SettleMs, SyncWords.StepMs);
        long from = Math.Max(Down(to - (long)mesh.Options.ClassicRetention.TotalMilliseconds, SyncWords.HourMs) + SyncWords.HourMs, 0);
        // The newest first: where two nodes trust other origins some hours differ for good, and must not keep the rest from being asked for.
        for (long end = to; end > from; end -= 24 * SyncWords.HourMs)
        {
            long begin = Math.Max(from, end - (24 * SyncWords.HourMs));
            if (await DifferingAsync(begin, end, SyncWords.HourMs) is not { } hours) return false;
            for (int h = hours.Count - 1; h >= 0; h--)
            {
                if (await DifferingAsync(hours[h], Math.Min(hours[h] + SyncWords.HourMs, end), SyncWords.StepMs) is not { } steps) return false;
                for (int s = steps.Count - 1; s >= 0; s--)
                {
                    if (!await PullAsync(steps[s], Math.Min(steps[s] + SyncWords.StepMs, end))) return false;
                }
            }
        }

        return true;
    }

    private static long Down(long ms, long step) => ms / step * step;

    private async Task<List<long>?> DifferingAsync(long from, long to, long step)
    {
        CallResult answer = await AskAsync(w =>
        {
            w.WriteString("op", "window");
            w.WriteNumber("from", from);
            w.WriteNumber("to", to);
            w.WriteNumber("step", step);
        });
        if (!answer.Ok || RpcParams.Member(answer.Payload, "digests") is not { ValueKind: JsonValueKind.Array } theirs) return null;
        long start = RpcParams.Number(answer.Payload, "from", from, from, to);
        if (start % SyncWords.StepMs != 0) return null;
        List<string> ours = ClassicDigests.Of(archive, start, to, step);
        if (theirs.GetArrayLength() != ours.Count) return null;
        var differing = new List<long>();
        for (int i = 0; i < ours.Count; i++)
        {
            if (theirs[i].ValueKind != JsonValueKind.String || theirs[i].GetString() != ours[i]) differing.Add(start + (i * step));
        }

        return differing;
    }

    private async Task<bool> PullAsync(long from, long to)
    {
        CallResult answer = await AskAsync(w =>
        {
            w.WriteString("op", "ids");
            w.WriteNumber("from", from);
            w.WriteNumber("to", to);
        });
        if (!answer.Ok || RpcParams.Member(answer.Payload, "ids") is not { ValueKind: JsonValueKind.Array } listed) return false;
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (ClassicFrameId id in archive.Classic(from, to)) known.Add(id.IdHash);
        var lacking = new List<string>();
        foreach (JsonElement item in listed.EnumerateArray())
        {
            if (lacking.Count == SyncWords.MaxIds) break;
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { } id && SyncWords.IsHash(id, 32) && !known.Contains(id)) lacking.Add(id);
        }

        while (lacking.Count > 0)
        {
            List<string> asked = lacking;
            CallResult page = await AskAsync(w =>
            {
                w.WriteString("op", "pullIds");
                w.WriteStartArray("ids");
                foreach (string id in asked) w.WriteStringValue(id);
                w.WriteEndArray();
                w.WriteNumber("maxFrames", 100);
                w.WriteNumber("maxBytes", 262_144);
            });
            if (!page.Ok) return false;
            int came = await take(page.Payload);
            lacking = [];
            if (RpcParams.Member(page.Payload, "restIds") is { ValueKind: JsonValueKind.Array } rest)
            {
                foreach (JsonElement item in rest.EnumerateArray())
                {
                    if (item.ValueKind == JsonValueKind.String && item.GetString() is { } id && asked.Contains(id)) lacking.Add(id);
                }
            }

            if (lacking.Count > 0 && came == 0) return false;
        }

        return true;
    }

    private Task<CallResult> AskAsync(Action<Utf8JsonWriter> parameters) =>
        ++_requests > MaxRequests ? Task.FromResult(CallResult.Failed(SyncErrorCodes.Limit, "enough for one round")) : ask(parameters);
}
