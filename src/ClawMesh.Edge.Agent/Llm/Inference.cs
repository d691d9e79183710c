namespace ClawMesh.Edge.Agent.Llm;

/// <summary>How an inference ended. The first of them to be said stands.</summary>
internal enum InferenceEnd
{
    Running,

    /// <summary>By itself, well or by a fault.</summary>
    Finished,
    Cancelled,
    ConnectionGone,
    TimedOut,
    NodeStops,
}

/// <summary>The one inference that runs: whose it is, and how it ended. Thread-safe.</summary>
#pragma warning disable CA1001 // The source has neither a timer nor a wait handle, and whoever still knows the inference when it is over may ask it to end.
internal sealed class Inference(string requestId, string owner)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _stop = new();
    private int _end;

    public string RequestId => requestId;

    /// <summary>The device or operator that asked.</summary>
    public string Owner => owner;

    public InferenceEnd End => (InferenceEnd)Volatile.Read(ref _end);

    /// <summary>Cancelled by every end but <see cref="InferenceEnd.Finished"/>.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>False when it has ended otherwise already.</summary>
    public bool TryEnd(InferenceEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, (int)end, (int)InferenceEnd.Running) != (int)InferenceEnd.Running) return false;
        // Elsewhere: whoever says so must not be held by what it unwinds.
        if (end != InferenceEnd.Finished) _ = _stop.CancelAsync();
        return true;
    }
}
