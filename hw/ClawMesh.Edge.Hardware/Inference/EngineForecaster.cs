using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.Hardware.Inference.Rollouts;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>Forecasts and plans with whichever engine it is given, on one inference thread. Owns the engine. Thread-safe.</summary>
public sealed class EngineForecaster : IForecaster, IPlanRunner
{
    private readonly ModelSizes _sizes;
    private readonly string _model;
    private readonly IReadOnlyList<string> _skipped;
    private readonly InferenceLine _line;

    /// <param name="model">Its name and version, for <see cref="Facts"/>.</param>
    /// <param name="engine">The forecaster's from now on.</param>
    /// <param name="skipped">Each engine that was not taken, with the reason.</param>
    /// <param name="isHot">Asked before each run; true sheds it. Must not block.</param>
    public EngineForecaster(string model, ModelSizes sizes, IRolloutEngine engine, IReadOnlyList<string> skipped, Func<bool> isHot, TimeProvider time)
    {
        (_model, _sizes, _skipped) = (model, sizes, skipped);
        _line = new InferenceLine(engine, isHot, time);
    }

    public ForecasterFacts Facts => new(_model, _line.EngineName, _skipped);

    /// <exception cref="ArgumentException">The numbers do not fit the model.</exception>
    public ValueTask<ForecastRun> RunAsync(ReadOnlyMemory<float> state, ReadOnlyMemory<float> actions, CancellationToken cancellationToken)
    {
        int steps = actions.Length / _sizes.ActionSize;
        if (RolloutBounds.Check(_sizes, state.Length, actions.Length, steps, steps) != 1) throw new ArgumentException("one state is needed");
        // Copies: an answer may come by the deadline while the engine still reads.
        float[] from = state.ToArray(), known = actions.ToArray();
        return _line.AskAsync(new InferenceJob<ForecastRun>(engine => Forecast(engine, from, known, steps), ForecastRun.None), urgent: true, cancellationToken);
    }

    /// <exception cref="ArgumentException">The problem does not fit the model.</exception>
    public ValueTask<PlanRun> PlanAsync(RolloutProblem problem, CancellationToken cancellationToken)
    {
        RolloutBounds.Check(problem, _sizes);
        return _line.AskAsync(new InferenceJob<PlanRun>(engine => Plan(engine, problem), PlanRun.None), urgent: false, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _line.Dispose();
        return ValueTask.CompletedTask;
    }

    private static ForecastRun Forecast(IRolloutEngine engine, float[] state, float[] actions, int steps)
    {
        var moisture = new float[steps];
        engine.Roll(state, actions, steps, moisture);
        foreach (float value in moisture)
        {
            if (!float.IsFinite(value)) return ForecastRun.None($"The model answered {value} where a number is due (engine '{engine.Name}').", FailureClass.Model);
        }

        return ForecastRun.Of(moisture);
    }

    private static PlanRun Plan(IRolloutEngine engine, RolloutProblem problem)
    {
        IReadOnlyList<RolloutPlan> best = engine.Plan(problem);
        return PlanRun.Of(best, engine.Name);
    }
}
