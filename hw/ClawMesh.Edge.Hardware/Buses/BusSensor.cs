using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>A sensor that reads on the caller's thread, moved to the thread of its bus.</summary>
public sealed class BusSensor : ISensor
{
    private readonly BusThread _thread;
    private readonly BusJob _job;
    private readonly Func<Reading> _read;

    /// <param name="inner">Its reads end before they return.</param>
    public BusSensor(ISensor inner, BusThread thread)
    {
        Info = inner.Info;
        _thread = thread;
        _read = () =>
        {
            ValueTask<Reading> read = inner.ReadAsync(CancellationToken.None);
            return read.IsCompleted ? read.Result : read.AsTask().GetAwaiter().GetResult();
        };
        _job = new BusJob(thread, _read);
        thread.Join();
    }

    public SensorInfo Info { get; }

    public bool LeavesOnCancel => true;

    public TimeSpan ReadLimit => _thread.ReadLimit;

    public ValueTask<Reading> ReadAsync(CancellationToken cancellationToken) =>
        _job.TryStart(cancellationToken) ?? new BusJob(_thread, _read).TryStart(cancellationToken)!.Value;
}
