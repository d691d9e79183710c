using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>A sensor that reads on the caller's thread, moved to the thread of its bus.</summary>
public sealed class BusSensor : ISensor
{
    private readonly BusReads _reads;

    /// <param name="inner">Its reads end before they return.</param>
    public BusSensor(ISensor inner, BusThread thread)
    {
        Info = inner.Info;
        _reads = new BusReads(thread, () =>
        {
            ValueTask<Reading> read = inner.ReadAsync(CancellationToken.None);
            return read.IsCompleted ? read.Result : read.AsTask().GetAwaiter().GetResult();
        });
    }

    public SensorInfo Info { get; }

    public bool LeavesOnCancel => true;

    public TimeSpan ReadLimit => _reads.ReadLimit;

    public ValueTask<Reading> ReadAsync(CancellationToken cancellationToken) => _reads.ReadAsync(cancellationToken);
}
