using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.World;

/// <summary>Runs one model. Owns the one inference thread; calls wait in a bounded line and are shed when it is full or the device is hot.</summary>
public interface IForecaster : IAsyncDisposable
{
    ForecasterFacts Facts { get; }

    /// <summary>Never throws for what the model or its device did: that is an answer without numbers. Answers within a second.</summary>
    /// <param name="state">[StateSize], normalised.</param>
    /// <param name="actions">[steps, ActionSize].</param>
    ValueTask<ForecastRun> RunAsync(ReadOnlyMemory<float> state, ReadOnlyMemory<float> actions, CancellationToken cancellationToken);
}

/// <param name="Provider">What it runs on: <c>cpu</c>, <c>onnx/CPU</c>, <c>onnx/CUDA</c>, <c>cuda</c>.</param>
/// <param name="Skipped">Each provider that was not taken, with the reason.</param>
public sealed record ForecasterFacts(string Model, string Provider, IReadOnlyList<string> Skipped);

/// <summary>What came of one run: either numbers or why there are none.</summary>
/// <param name="Moisture">[steps], state member 0 after each step, normalised; empty when unavailable.</param>
/// <param name="Unavailable">Why there is no forecast; null when there is one.</param>
public sealed record ForecastRun(float[] Moisture, string? Unavailable, FailureClass? FailureClass)
{
    public static ForecastRun Of(float[] moisture) => new(moisture, null, null);

    public static ForecastRun None(string why, FailureClass failureClass) => new([], why, failureClass);
}
