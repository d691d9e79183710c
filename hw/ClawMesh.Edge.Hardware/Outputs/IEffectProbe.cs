using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Outputs;

/// <summary>Measures what an output is meant to change, now, beside the sampling loop and independent of the drive signal ([X-39]).</summary>
public interface IEffectProbe
{
    SensorId Sensor { get; }

    /// <summary>The unit of <see cref="MeasureAsync"/>, e.g. <c>l/min</c>.</summary>
    string Unit { get; }

    /// <summary>
    /// One fresh measurement. NaN when the sensor cannot be read or its answer is not plausible; such an answer confirms nothing.
    /// May wait as long as the sensor does; the caller bounds it with <paramref name="cancellationToken"/>.
    /// </summary>
    ValueTask<double> MeasureAsync(CancellationToken cancellationToken);
}
