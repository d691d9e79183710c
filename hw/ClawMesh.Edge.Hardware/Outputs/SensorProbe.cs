using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Outputs;

/// <summary>Takes a sensor of the site as the witness of an effect. The sensor must allow a probe beside its sampling loop.</summary>
public sealed class SensorProbe(ISensor sensor) : IEffectProbe
{
    public SensorId Sensor => sensor.Info.Id;

    public string Unit => sensor.Info.Quantity.Unit;

    public async ValueTask<double> MeasureAsync(CancellationToken cancellationToken)
    {
        try
        {
            double value = (await sensor.ReadAsync(cancellationToken)).Value;

            // A sensor at its rail would otherwise "show" every effect anybody asks for.
            return value >= sensor.Info.ValidMin && value <= sensor.Info.ValidMax ? value : double.NaN;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The sampling loop reports broken sensors; here it only means that nothing was seen.
            return double.NaN;
        }
    }
}
