using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Core.World;

/// <summary>Rolls thousands of candidates forward as one batch. One caller at a time.</summary>
public interface IRolloutEngine : IDisposable
{
    /// <summary><c>cpu</c>, <c>onnx</c> or <c>cuda</c>.</summary>
    string Name { get; }

    /// <summary>What it runs on, in words: <c>AVX2, 2 threads</c>, <c>NVIDIA H100, driver 12.8</c>.</summary>
    string Device { get; }

    /// <summary>The best candidates, cheapest first.</summary>
    /// <exception cref="EdgeException">Class <see cref="FailureClass.Gpu"/> or <see cref="FailureClass.Model"/>: the engine cannot be used now. <c>model.not_a_number</c> when no candidate had a cost.</exception>
    IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem);

    /// <summary>Rolls given actions forward, for forecasts and comparisons.</summary>
    /// <param name="states">[n, StateSize], normalised.</param>
    /// <param name="actions">[n, steps, ActionSize].</param>
    /// <param name="moisture">[n, steps], state member 0 after each step, normalised.</param>
    void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture);
}
