using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Journal.Writing;

/// <summary>Something a caller waits for the writer to put on disk.</summary>
internal abstract class WriteJob
{
    /// <summary>Runs on the writer's thread. Durable when it returns; nothing was written when it throws.</summary>
    public abstract void Run(JournalSession session);

    /// <summary>Releases the caller.</summary>
    public abstract void Complete();

    public abstract void Fail(EdgeException fault);
}

/// <summary>A job whose caller awaits a value. The caller's continuation never runs on the writer's thread.</summary>
internal abstract class WriteJob<T> : WriteJob
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Done => _done.Task;

    protected T? Result { get; set; }

    public override void Complete() => _done.SetResult(Result!);

    public override void Fail(EdgeException fault) => _done.SetException(fault);
}
