using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Outputs;

namespace ClawMesh.Edge.Tests.Hardware.Outputs;

/// <summary>A driver on a field in memory that misbehaves as told.</summary>
internal sealed class ScriptedOutput(string id, OutputValue safe, EffectWatch? effect = null) : OutputDriver(new ActuatorId(id), safe, "scripted", effect)
{
    private double _state = safe.Ratio;

    public List<OutputValue> Writes { get; } = [];

    /// <summary>Called inside each write, before it lands.</summary>
    public Action<OutputValue>? Writing { get; set; }

    public Func<OutputValue?>? Reading { get; set; }

    public bool IsSafeWaiting => SafeIsWaiting;

    public OutputValue State => new(Volatile.Read(ref _state));

    protected override void Write(OutputValue value)
    {
        Writing?.Invoke(value);
        Writes.Add(value);
        Volatile.Write(ref _state, value.Ratio);
    }

    protected override OutputValue? ReadState() => Reading is null ? State : Reading();
}

/// <summary>A witness that says what it is told.</summary>
internal sealed class ScriptedProbe : IEffectProbe
{
    public SensorId Sensor => new("sensor:flow:test");

    public string Unit => "l/min";

    public Func<CancellationToken, ValueTask<double>> Measure { get; set; } = _ => ValueTask.FromResult(0.0);

    public ValueTask<double> MeasureAsync(CancellationToken cancellationToken) => Measure(cancellationToken);
}
