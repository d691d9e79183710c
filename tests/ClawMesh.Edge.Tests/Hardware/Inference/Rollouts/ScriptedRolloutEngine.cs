using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Rollouts;

/// <summary>An engine that does what a test tells it.</summary>
internal sealed class ScriptedRolloutEngine(string name) : IRolloutEngine
{
    public Func<RolloutProblem, IReadOnlyList<RolloutPlan>> OnPlan { get; set; } = problem => [new RolloutPlan(0, 1, new float[problem.Steps], new float[problem.Steps])];

    public Action<float[]> OnRoll { get; set; } = moisture => Array.Fill(moisture, 0.5f);

    public int Plans { get; private set; }

    public bool IsDisposed { get; private set; }

    public string Name => name;

    public string Device => $"{name} device";

    public static EdgeException Lost { get; } = new("gpu.lost", "Lost the GPU.", "cuCtxSynchronize answered CUDA_ERROR_LAUNCH_FAILED (719).", "Restart.", FailureClass.Gpu);

    public static EdgeException NotANumber { get; } = new("model.not_a_number", "Could not make a plan.", "No candidate had a cost.", "Check the model.", FailureClass.Model);

    public IReadOnlyList<RolloutPlan> Plan(RolloutProblem problem)
    {
        Plans++;
        return OnPlan(problem);
    }

    public void Roll(ReadOnlySpan<float> states, ReadOnlySpan<float> actions, int steps, Span<float> moisture)
    {
        var answer = new float[moisture.Length];
        OnRoll(answer);
        answer.CopyTo(moisture);
    }

    public void Dispose() => IsDisposed = true;
}
