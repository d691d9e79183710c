using System.Text.Json;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Mesh.Sessions;

/// <summary>Codes a caller meets without the other end having said them ([W-67]).</summary>
public static class CallErrorCodes
{
    public const string NotConnected = "NOT_CONNECTED";
    public const string SendFailed = "SEND_FAILED";
    public const string Timeout = "TIMEOUT";
    public const string PeerDisconnected = "PEER_DISCONNECTED";
}

/// <summary>How a request to a peer ended.</summary>
/// <param name="Payload">The payload of <c>ok:true</c>; the error object of <c>ok:false</c>; undefined for a local failure.</param>
public sealed record CallResult(bool Ok, JsonElement Payload, string Code, string Message)
{
    internal static CallResult Failed(string code, string message) => new(false, default, code, $"{code}: {message}");
}

/// <summary>Requests of this node that wait for their answer on one session; bounded ([W-68]). Thread-safe.</summary>
/// <param name="inline">Answers continue on the receive loop; only for a simulator that owns every thread.</param>
internal sealed class PendingCalls(TimeProvider time, bool inline)
{
    public const int Max = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Call> _calls = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>A task for the answer; completed at once when there is no room.</summary>
    public Task<CallResult> Add(string id, string method, TimeSpan limit)
    {
        lock (_lock)
        {
            if (_closed) return Task.FromResult(CallResult.Failed(CallErrorCodes.NotConnected, "the session has ended"));
            if (_calls.Count >= Max) return Task.FromResult(CallResult.Failed(GateCodes.Busy, $"{Max} requests wait for this peer already"));
            var call = new Call(method, limit, time.GetTimestamp(), inline);
            _calls.Add(id, call);
            return call.Answer.Task;
        }
    }

    /// <summary>False for the answer of a request that is over or was never made here ([W-67], [W-68]).</summary>
    public bool TryComplete(string id, CallResult result)
    {
        Call? call;
        lock (_lock)
        {
            if (!_calls.Remove(id, out call)) return false;
        }

        call.Answer.TrySetResult(result);
        return true;
    }

    /// <summary>Ends what has waited longer than its limit.</summary>
    public void Expire()
    {
        List<Call>? over = null;
        lock (_lock)
        {
            foreach ((string id, Call call) in _calls)
            {
                if (time.GetElapsedTime(call.Began) < call.Limit) continue;
                (over ??= []).Add(call);
                _calls.Remove(id);
            }
        }

        if (over is null) return;
        foreach (Call call in over) call.Answer.TrySetResult(CallResult.Failed(CallErrorCodes.Timeout, $"{call.Method} had no answer within {call.Limit.TotalSeconds:0.#} s"));
    }

    /// <summary>Ends everything; nothing more is taken.</summary>
    public void Close()
    {
        List<Call> open;
        lock (_lock)
        {
            _closed = true;
            open = [.. _calls.Values];
            _calls.Clear();
        }

        foreach (Call call in open) call.Answer.TrySetResult(CallResult.Failed(CallErrorCodes.PeerDisconnected, $"the session ended before {call.Method} was answered"));
    }

    private sealed class Call(string method, TimeSpan limit, long began, bool inline)
    {
        public string Method => method;

        public TimeSpan Limit => limit;

        public long Began => began;

        // Continuations must not run on the receive loop of the peer.
        public TaskCompletionSource<CallResult> Answer { get; } = new(inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
