using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>The keys of parts on GPIO lines, and how their values come to the kernel.</summary>
internal static class GpioKeys
{
    public const string FeedbackRole = "feedback";

    private const string AsIs = "as-is";
    private const string PushPull = "push-pull";

    // The debounce of the uAPI counts microseconds in 32 bits; a contact that bounces for longer is broken.
    private const double LongestDebounce = 1;

    public static readonly PartKey ActiveLow = new("activeLow", PartKeyKind.Flag, "the part is active when the line is low, as on most relay boards") { Default = "false" };

    public static readonly PartKey Drive = new("drive", PartKeyKind.Word, "how the line is driven; open-drain and open-source never push against another driver")
    {
        Words = [PushPull, "open-drain", "open-source"],
        Default = PushPull,
    };

    public static readonly PartKey Bias = new("bias", PartKeyKind.Word, "the resistor inside the chip that holds the line when nothing drives it") { Words = BiasWords, Default = AsIs };

    public static readonly PartKey Debounce = new("debounce", PartKeyKind.Duration, "how long the line must be quiet before a change counts, at most 1s; none when left out") { Max = LongestDebounce };

    public static readonly PartKey Pulse = new("pulse", PartKeyKind.Duration, "how long a coil is powered, at most 2s; a pulse over 150ms makes a safe write look late to the safety tick") { Default = "50ms", Max = 2 };

    public static readonly PartKey FeedbackActiveLow = new("feedbackActiveLow", PartKeyKind.Flag, "the auxiliary contact reads low when the main contacts are closed") { Default = "false" };

    public static readonly PartKey FeedbackBias = new("feedbackBias", PartKeyKind.Word, "the resistor inside the chip that holds the contact's line while it is open") { Words = BiasWords, Default = AsIs };

    public static readonly PartKey FeedbackWithin = new("feedbackWithin", PartKeyKind.Duration, "how long the contact may take to follow the coil, at most 2s") { Default = "200ms", Max = 2 };

    public static readonly PartKey PulsesPerLitre = new("pulsesPerLitre", PartKeyKind.Number, "pulses for each litre, from the meter's data sheet") { Min = 0.001, Max = 1_000_000, Required = true };

    public static readonly PartKey Window = new("window", PartKeyKind.Duration, "the flow is the mean over this time, at most 1m; a shorter one follows faster, a longer one resolves less flow") { Default = "5s", Max = 60 };

    private static string[] BiasWords => [AsIs, "pull-up", "pull-down", "disabled"];

    public static GpioDrive DriveOf(IReadOnlyDictionary<string, string> wiring) => wiring.Optional(Drive.Name) switch
    {
        "open-drain" => GpioDrive.OpenDrain,
        "open-source" => GpioDrive.OpenSource,
        _ => GpioDrive.PushPull,
    };

    public static GpioBias BiasOf(IReadOnlyDictionary<string, string> wiring, PartKey key) => wiring.Optional(key.Name) switch
    {
        "pull-up" => GpioBias.PullUp,
        "pull-down" => GpioBias.PullDown,
        "disabled" => GpioBias.Disabled,
        _ => GpioBias.AsIs,
    };

    public static TimeSpan DebounceOf(IReadOnlyDictionary<string, string> wiring) => wiring.Optional(Debounce.Name) is null ? TimeSpan.Zero : wiring.Duration(Debounce.Name);

    /// <summary>What others see who ask the kernel who holds the line.</summary>
    public static string Consumer(ActuatorId actuator) => $"clawmesh:{Tail(actuator.Value, "actuator:")}";

    /// <inheritdoc cref="Consumer(ActuatorId)"/>
    public static string Consumer(SensorId sensor) => $"clawmesh:{Tail(sensor.Value, "sensor:")}";

    private static string Tail(string id, string prefix) => id.StartsWith(prefix, StringComparison.Ordinal) ? id[prefix.Length..] : id;
}
