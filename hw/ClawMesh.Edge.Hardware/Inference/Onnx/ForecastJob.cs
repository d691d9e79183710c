using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>One forecast that is waited for. Answered once; whoever comes later is not heard.</summary>
internal sealed class ForecastJob(ReadOnlySpan<float> state, ReadOnlySpan<float> actions)
{
    private readonly TaskCompletionSource<ForecastRun> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Copies: the caller may go on with its own once it has been answered.
    public float[] State { get; } = state.ToArray();

    public float[] Actions { get; } = actions.ToArray();

    public ITimer? Deadline { get; set; }

    public Task<ForecastRun> Answered => _answer.Task;

    /// <returns>False when it was answered before.</returns>
    public bool Answer(ForecastRun run)
    {
        Deadline?.Dispose();
        return _answer.TrySetResult(run);
    }
}
