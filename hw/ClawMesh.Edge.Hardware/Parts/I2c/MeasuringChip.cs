using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>A chip that takes several measures at once, such as temperature and humidity: their sensors share one measurement.</summary>
internal abstract class MeasuringChip(PartSite site, IReadOnlyDictionary<string, string> wiring, string title) : I2cChip(site, wiring, title)
{
    /// <summary>How long a measurement serves the chip's other sensors.</summary>
    public static readonly TimeSpan ShareFor = TimeSpan.FromMilliseconds(250);

    private const uint AllTaken = uint.MaxValue;

    private readonly TimeProvider _time = site.Time;
    private uint _taken = AllTaken;
    private long _measuredAt;
    private bool _isKnown;

    /// <summary>
    /// The latest number of one measure. Each number is handed out once: a sensor that asks again gets a new measurement. A probe for an
    /// effect may still get a number up to <see cref="ShareFor"/> old, from before the write, when another sensor of the chip had it measured:
    /// an effect may be seen that much late, and what a write ended may be seen that much longer.
    /// </summary>
    /// <param name="slot">0 to 31: which measure of the chip.</param>
    public double Value(int slot)
    {
        lock (Gate)
        {
            uint bit = 1u << slot;
            if ((_taken & bit) != 0 || _time.GetElapsedTime(_measuredAt) > ShareFor) MeasureAnew();
            _taken |= bit;
            return ValueOf(slot);
        }
    }

    /// <summary>Who is there, and what it needs once. Again after a failure: the part may have been exchanged.</summary>
    protected virtual void Identify()
    {
    }

    /// <summary>One measurement, under the gate. Allocates nothing.</summary>
    protected abstract void Measure();

    /// <summary>A number of the latest measurement, in the measure's unit.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>part.at_rail</c>.</exception>
    protected abstract double ValueOf(int slot);

    private void MeasureAnew()
    {
        _taken = AllTaken;
        try
        {
            if (!_isKnown) Identify();
            _isKnown = true;
            Measure();
        }
        catch
        {
            _isKnown = false;
            throw;
        }

        _measuredAt = _time.GetTimestamp();
        _taken = 0;
    }
}

/// <summary>One measure of a chip.</summary>
internal sealed class ChipSensor(PartSite site, SensorBinding binding, MeasuringChip chip, int slot) : PartSensor(site, binding)
{
    public override void Recover() => chip.Bus.Reopen();

    protected override double Measure() => chip.Value(slot);
}
