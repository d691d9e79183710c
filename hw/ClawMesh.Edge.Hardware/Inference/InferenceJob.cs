using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>One question on its way through the line. Answered once: by the engine, by its deadline, or by whoever asked giving up.</summary>
internal abstract class InferenceJob
{
    public abstract bool IsAnswered { get; }

    /// <summary>On the inference thread. Never throws.</summary>
    public abstract void Run(IRolloutEngine engine);

    public abstract void Refuse(string why, FailureClass failureClass);

    public abstract void Cancel(CancellationToken token);
}

/// <param name="run">Asks the engine; may throw <see cref="EdgeException"/>.</param>
/// <param name="none">The answer without numbers.</param>
internal sealed class InferenceJob<TAnswer>(Func<IRolloutEngine, TAnswer> run, Func<string, FailureClass, TAnswer> none) : InferenceJob
    where TAnswer : class
{
    private readonly TaskCompletionSource<TAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TAnswer> Answer => _answer.Task;

    public override bool IsAnswered => _answer.Task.IsCompleted;

    public override void Run(IRolloutEngine engine)
    {
        try
        {
            _answer.TrySetResult(run(engine));
        }
        catch (EdgeException failed)
        {
            Refuse($"{failed.What} {failed.Why}", failed.FailureClass);
        }
        catch (Exception failed)
        {
            // Whatever else an engine does: a node without forecasts still senses and gates.
            Refuse($"The engine '{engine.Name}' failed in a way it did not expect: {failed.GetType().Name}: {failed.Message}", FailureClass.Model);
        }
    }

    public override void Refuse(string why, FailureClass failureClass) => _answer.TrySetResult(none(why, failureClass));

    public override void Cancel(CancellationToken token) => _answer.TrySetCanceled(token);
}
