using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Core.Sites;

/// <summary>This installation: which board, which sensor and actuator on which pin or bus, with limits and safe states.</summary>
/// <param name="Simulated">Every output of this site is simulated. A site is one or the other; it never mixes.</param>
/// <param name="Text">The file as read, written to <c>active-site.json</c> before any output is claimed.</param>
public sealed record Site(
    string Name,
    string Board,
    bool Simulated,
    IReadOnlyList<SensorBinding> Sensors,
    IReadOnlyList<ActuatorBinding> Actuators,
    string Text);

/// <param name="Driver">Names a driver of Hardware, e.g. <c>simulated</c>.</param>
/// <param name="Wiring">What that driver needs to find the part: channel, chip, line, address … as text.</param>
public sealed record SensorBinding(SensorInfo Info, string Driver, IReadOnlyDictionary<string, string> Wiring);

/// <param name="Effect">How to see that the output did something; null means the driver's read-back is all there is, and nothing is ever <c>done</c>.</param>
public sealed record ActuatorBinding(
    OutputPolicy Policy,
    string Zone,
    string Driver,
    IReadOnlyDictionary<string, string> Wiring,
    EffectCheck? Effect);

/// <summary>A measurement independent of the drive signal that shows an effect ([X-39]).</summary>
/// <param name="Rises">The value must rise by at least this over its value before the write, in the sensor's unit; null when not asked.</param>
/// <param name="AtLeast">The value must reach at least this; null when not asked.</param>
/// <param name="Within">How long the effect may take.</param>
public sealed record EffectCheck(SensorId Sensor, double? Rises, double? AtLeast, TimeSpan Within);

public enum ProblemSeverity
{
    Warning,
    Error,
}

/// <summary>One thing wrong with a configuration file. Files are checked whole: all problems are reported, then the node stops.</summary>
/// <param name="Path">Where, e.g. <c>actuators[2].maxOn</c>.</param>
/// <param name="What">The value seen and the value allowed.</param>
public sealed record ConfigProblem(ProblemSeverity Severity, string Path, string What, string Fix);
