using System.Runtime.ExceptionServices;

namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>A thread that carries out one piece of work at a time beside its owner's own, with the priority of a forecast.</summary>
internal sealed class LaneThread : IDisposable
{
    private readonly SemaphoreSlim _given = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private Action? _work;
    private ExceptionDispatchInfo? _failed;

    public LaneThread(string name) => new Thread(Run) { IsBackground = true, Name = name }.Start();

    public void Begin(Action work)
    {
        _work = work;
        _given.Release();
    }

    /// <summary>Waits for the work begun last.</summary>
    /// <returns>What it threw, or null.</returns>
    public ExceptionDispatchInfo? End()
    {
        _done.Wait();
        return _failed;
    }

    /// <summary>Not while work is under way.</summary>
    public void Dispose()
    {
        _work = null;
        _given.Release();
    }

    private void Run()
    {
        InferencePriority.Lower();
        while (true)
        {
            _given.Wait();
            if (_work is not { } work) return;
            try
            {
                _failed = null;
                work();
            }
            catch (Exception failed)
            {
                _failed = ExceptionDispatchInfo.Capture(failed);
            }

            _done.Release();
        }
    }
}
