using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>One sensor's reads on the thread of its bus. A second caller, such as a probe beside the sampler, gets a job of its own.</summary>
internal sealed class BusReads
{
    private readonly BusThread _thread;
    private readonly Func<Reading> _read;
    private readonly BusJob _job;

    public BusReads(BusThread thread, Func<Reading> read)
    {
        (_thread, _read, _job) = (thread, read, new BusJob(thread, read));
        thread.Join();
    }

    public TimeSpan ReadLimit => _thread.ReadLimit;

    public ValueTask<Reading> ReadAsync(CancellationToken cancellationToken) => _job.TryStart(cancellationToken) ?? new BusJob(_thread, _read).TryStart(cancellationToken)!.Value;
}
