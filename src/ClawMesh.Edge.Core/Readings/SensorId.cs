namespace ClawMesh.Edge.Core.Readings;

/// <summary>A sensor's ref, e.g. <c>sensor:soil-moisture:zone-1</c> ([W-108]).</summary>
public readonly record struct SensorId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>What is measured and in which unit. The metric is the wire's word ([W-84]).</summary>
/// <param name="Metric">For example <c>moisture</c>, <c>temp</c>, <c>flow</c>.</param>
/// <param name="Unit">For example <c>%</c>, <c>°C</c>, <c>l/min</c>.</param>
public readonly record struct Quantity(string Metric, string Unit);
