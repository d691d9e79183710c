using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;

namespace ClawMesh.Edge.Hardware.Parts;

/// <summary>
/// What every sensor on a real bus has in common: its bus's thread, the calibration, and the way out of a read that hangs. A driver
/// adds <see cref="Measure"/>. May be read by an effect probe beside the sampling loop.
/// </summary>
public abstract class PartSensor : IRecoverableSensor
{
    private readonly BusReads _reads;
    private readonly TimeProvider _time;
    private readonly Calibration? _calibration;

    protected PartSensor(PartSite site, SensorBinding binding)
    {
        Info = binding.Info;
        _time = site.Time;
        _calibration = Calibration.Of(binding.Wiring);
        _reads = new BusReads(site.Buses.Thread(binding.Info.Bus), Sample);
    }

    public SensorInfo Info { get; }

    /// <inheritdoc/>
    public bool LeavesOnCancel => true;

    /// <inheritdoc/>
    public virtual TimeSpan ReadLimit => _reads.ReadLimit;

    protected TimeProvider Time => _time;

    public ValueTask<Reading> ReadAsync(CancellationToken cancellationToken) => _reads.ReadAsync(cancellationToken);

    /// <summary>Opens its bus again after it failed, if that can help; the caller reports it. Runs on the caller's thread and must not wait for the bus.</summary>
    public virtual void Recover()
    {
    }

    /// <summary>One sample in the part's own unit, on the thread of its bus, where it may block. NaN when the part answered without a number.</summary>
    /// <exception cref="Core.Errors.EdgeException">It cannot be read.</exception>
    protected abstract double Measure();

    private Reading Sample()
    {
        double raw = Measure();
        return new Reading(
            Info.Id, Info.Zone, Info.Quantity, _calibration?.Apply(raw) ?? raw, _time.GetUtcNow(), _time.GetTimestamp(), EvidenceTier.OperationalObservation, Simulated: false);
    }
}
