using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Outputs;

namespace ClawMesh.Edge.Hardware.Parts;

/// <summary>How a part is reached. It says which keys every part of that bus has besides its own (<see cref="BusKeys"/>).</summary>
public enum PartBus
{
    /// <summary><c>pin</c> of the board's header, or <c>chip</c> and <c>line</c>.</summary>
    Gpio,

    /// <summary><c>bus</c> and <c>address</c>.</summary>
    I2c,

    /// <summary><c>device</c>.</summary>
    Spi,

    /// <summary><c>port</c>, <c>baud</c>, <c>parity</c>, <c>stopBits</c>, <c>station</c>.</summary>
    Serial,

    /// <summary><c>serial</c>, the part's 64-bit number.</summary>
    OneWire,

    /// <summary><c>pin</c> of the board's header, or <c>pwmChip</c> and <c>pwmChannel</c>.</summary>
    Pwm,

    /// <summary>A file of the kernel; the part's own keys say which.</summary>
    Kernel,
}

/// <summary>A kind of part this build can drive, under the name site files use.</summary>
/// <param name="Driver">For example <c>ads1115</c>.</param>
/// <param name="Datasheet">Title and revision, or the kernel document, that the registers are taken from.</param>
public abstract record Part(string Driver, string Title, string Datasheet, PartBus Bus)
{
    /// <summary>Its own keys, besides those of its bus.</summary>
    public IReadOnlyList<PartKey> Keys { get; init; } = [];

    /// <summary>I2C: the addresses its pins can choose, the first is the default. Empty for other buses.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>GPIO: how many lines one entry names, in order, separated by commas.</summary>
    public int MinLines { get; init; } = 1;

    public int MaxLines { get; init; } = 1;

    /// <summary>GPIO: further lines by role, e.g. <c>feedback</c>, with keys <c>feedbackPin</c>, <c>feedbackChip</c>, <c>feedbackLine</c>.</summary>
    public IReadOnlyList<string> LineRoles { get; init; } = [];

    /// <summary>Those of <see cref="LineRoles"/> it cannot do without.</summary>
    public IReadOnlyList<string> RequiredRoles { get; init; } = [];

    /// <summary>GPIO: several entries may name the same lines, as long as they give this driver the same keys.</summary>
    public bool SharesLine { get; init; }
}

/// <param name="Name">The value of the key <c>measures</c> where a part measures several things.</param>
/// <param name="Unit">The unit its driver answers in, before the site's calibration.</param>
/// <param name="Min">Lowest value the part can report; a reading there is at its rail.</param>
public sealed record PartMeasure(string Name, string Unit, double Min, double Max);

/// <summary>A sensor. <see cref="Open"/> makes it without touching the bus; the first read does.</summary>
public sealed record SensorPart(
    string Driver, string Title, string Datasheet, PartBus Bus, IReadOnlyList<PartMeasure> Measures, Func<PartSite, SensorBinding, ISensor> Open)
    : Part(Driver, Title, Datasheet, Bus);

/// <summary>
/// An output. <see cref="Open"/> makes it without touching its bus: one that hangs must not keep the others from being opened and made
/// safe. The first use, which is a safe write on a thread of the bus's own, claims the lines, at the safe value in the same step. A line
/// that cannot be claimed is a failure of that use; the next tries again.
/// </summary>
/// <param name="Levels">It knows every ratio between its two states.</param>
public sealed record OutputPart(
    string Driver, string Title, string Datasheet, PartBus Bus, bool Levels, Func<PartSite, ActuatorBinding, EffectWatch?, OutputDriver> Open)
    : Part(Driver, Title, Datasheet, Bus);
