using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>
/// A part with a driver in the kernel, read through sysfs. Found by name: numbers such as <c>hwmon3</c> change between starts and
/// when a driver is loaded anew, so a file that has gone is looked for again.
/// </summary>
internal abstract class KernelSensor(PartSite site, SensorBinding binding) : PartSensor(site, binding)
{
    private volatile bool _lookAgain = true;

    /// <summary>Where the file system begins.</summary>
    protected string Root { get; } = site.Ports.Root;

    public override void Recover() => _lookAgain = true;

    /// <summary>Finds the files by name and opens them; closes those of before.</summary>
    /// <exception cref="Core.Errors.EdgeException">They are not there, or cannot be opened.</exception>
    protected abstract void Find();

    /// <summary>False when a file has gone, or is empty.</summary>
    protected abstract bool TryRead(out double value);

    /// <summary>What to say when the files are there and empty.</summary>
    protected abstract Exception Empty();

    protected sealed override double Measure()
    {
        if (!_lookAgain && TryRead(out double value)) return value;
        _lookAgain = true;
        Find();
        if (!TryRead(out value)) throw Empty();
        _lookAgain = false;
        return value;
    }
}
