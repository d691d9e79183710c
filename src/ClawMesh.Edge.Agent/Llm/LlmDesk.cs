using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Agent.Llm;

/// <summary>
/// <c>llm.infer</c> and <c>llm.cancel</c>: one inference at a time, streamed to whoever asked ([W-144], [W-145]). What a model says goes
/// to its requester and nowhere else: no frame, no event and no log ever holds a word of it ([W-146]).
/// </summary>
internal sealed class LlmDesk(ModelServer server, LlmOptions options, TimeProvider time)
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private Inference? _current;
    private long _calls;
    private long _errors;
    private volatile bool _available;

    /// <summary>The last probe found the model. Both methods are unknown while it did not ([W-143]).</summary>
    public bool Available
    {
        get => _available;
        set => _available = value;
    }

    public bool IsBusy => Volatile.Read(ref _current) is not null;

    public long Calls => Interlocked.Read(ref _calls);

    public long Errors => Interlocked.Read(ref _errors);

    public async Task<Action<Utf8JsonWriter>> InferAsync(JsonElement parameters, RpcCaller caller, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _calls);
        try
        {
            ChatRequest request = ChatRequest.Read(parameters, options);
            if (caller.Events is not { } events) throw new RpcRefusalException(GateCodes.InvalidParams, "this connection carries no events");
            if (!Available || !options.IsCalled(request.Model)) throw Unavailable("this node serves no such model");
            var inference = new Inference(request.RequestId, OwnerOf(caller));
            if (Interlocked.CompareExchange(ref _current, inference, null) is not null) throw new RpcRefusalException(LlmErrorCodes.Busy, "another inference is running; this node runs one at a time");
            try
            {
                return await RunAsync(request, inference, events, cancellationToken);
            }
            finally
            {
                Volatile.Write(ref _current, null);
            }
        }
        catch (RpcRefusalException)
        {
            Interlocked.Increment(ref _errors);
            throw;
        }
    }

    /// <summary>A peer calls off its own inference only; an operator any.</summary>
    public Task<Action<Utf8JsonWriter>> CancelAsync(JsonElement parameters, RpcCaller caller)
    {
        string id = ChatRequest.Id(parameters);
        if (Volatile.Read(ref _current) is not { } current || current.RequestId != id
            || (caller.Tier != RpcTier.Operator && current.Owner != OwnerOf(caller)) || !current.TryEnd(InferenceEnd.Cancelled))
        {
            throw new RpcRefusalException(LlmErrorCodes.Cancelled, "no such inference is in flight");
        }

        return Task.FromResult<Action<Utf8JsonWriter>>(w =>
        {
            w.WriteStartObject();
            w.WriteString("requestId", id);
            w.WriteBoolean("cancelled", true);
            w.WriteEndObject();
        });
    }

    private async Task<Action<Utf8JsonWriter>> RunAsync(ChatRequest request, Inference inference, IRpcEvents events, CancellationToken cancellationToken)
    {
        using ITimer limit = time.CreateTimer(static i => ((Inference)i!).TryEnd(InferenceEnd.TimedOut), inference, Limit, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration gone = events.Ended.UnsafeRegister(static i => ((Inference)i!).TryEnd(InferenceEnd.ConnectionGone), inference);
        using CancellationTokenRegistration stop = cancellationToken.UnsafeRegister(static i => ((Inference)i!).TryEnd(InferenceEnd.NodeStops), inference);
        var chunks = new ChunkSender(request.RequestId, events, inference.Stopping);
        try
        {
            ChatProgress done = await server.StreamAsync(request.Body, chunks.AddAsync, inference.Stopping);
            await chunks.FlushAsync();
            if (inference.TryEnd(InferenceEnd.Finished)) return w => Write(w, request.RequestId, done.Finish!, done);
        }
        catch (OperationCanceledException) when (inference.End != InferenceEnd.Running)
        {
            // Who ended it is known below.
            return Ended(inference, cancellationToken);
        }
        catch (Exception failed) when (failed is ModelServerException or RpcRefusalException)
        {
            // Once somebody was told that it is cancelled, it ends as cancelled.
            if (inference.TryEnd(InferenceEnd.Finished)) throw failed as RpcRefusalException ?? Unavailable($"the model server failed: {failed.Message}");
        }

        return Ended(inference, cancellationToken);
    }

    private static Action<Utf8JsonWriter> Ended(Inference inference, CancellationToken cancellationToken)
    {
        switch (inference.End)
        {
            case InferenceEnd.TimedOut:
                throw new RpcRefusalException(LlmErrorCodes.Timeout, $"the model did not finish within {Limit.TotalSeconds:0} s");
            case InferenceEnd.Cancelled:
                return w => Write(w, inference.RequestId, "cancelled", null);
            case InferenceEnd.NodeStops:
                cancellationToken.ThrowIfCancellationRequested();
                break;
        }

        throw new RpcRefusalException(LlmErrorCodes.Cancelled, "the connection that asked is gone");
    }

    private static void Write(Utf8JsonWriter w, string requestId, string finishReason, ChatProgress? progress)
    {
        w.WriteStartObject();
        w.WriteString("requestId", requestId);
        w.WriteString("finishReason", finishReason);
        progress?.WriteUsage(w);
        w.WriteEndObject();
    }

    private static string OwnerOf(RpcCaller caller) => caller.Device?.Value ?? caller.Name;

    private static RpcRefusalException Unavailable(string why) => new(LlmErrorCodes.ModelUnavailable, why);
}
