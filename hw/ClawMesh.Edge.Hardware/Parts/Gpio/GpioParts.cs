namespace ClawMesh.Edge.Hardware.Parts.Gpio;

/// <summary>Parts on lines of a GPIO chip. Where a register would be, there is the kernel's uAPI.</summary>
internal static class GpioParts
{
    private const string Uapi = "linux/gpio.h, uAPI v2 (Documentation/userspace-api/gpio/chardev.rst)";

    // A reading of 0 or 1 is never "at its rail", nor is a flow of 0.
    private static readonly PartMeasure State = new(GpioInputSensor.StateMeasure, "", double.NegativeInfinity, double.PositiveInfinity);
    private static readonly PartMeasure Flow = new(PulseFlowSensor.FlowMeasure, "l/min", double.NegativeInfinity, double.PositiveInfinity);
    private static readonly PartMeasure Volume = new(PulseFlowSensor.VolumeMeasure, "l", double.NegativeInfinity, double.PositiveInfinity);

    public static readonly IReadOnlyList<Part> All =
    [
        new OutputPart("gpio-relay", "Relay, valve or pump on one line, or on up to eight that switch together", Uapi, PartBus.Gpio, Levels: false, GpioRelay.Open)
        {
            Keys = [GpioKeys.ActiveLow, GpioKeys.Drive],
            MaxLines = 8,
        },
        new OutputPart("latching-valve", "Valve with an opening and a closing coil that keeps its place without current", Uapi, PartBus.Gpio, Levels: false, LatchingValve.Open)
        {
            Keys = [GpioKeys.Pulse, GpioKeys.ActiveLow],
            MinLines = 2,
            MaxLines = 2,
        },
        new OutputPart("contactor", "Contactor with an auxiliary contact that shows where its main contacts are", Uapi, PartBus.Gpio, Levels: false, Contactor.Open)
        {
            Keys = [GpioKeys.ActiveLow, GpioKeys.FeedbackActiveLow, GpioKeys.FeedbackBias, GpioKeys.FeedbackWithin],
            LineRoles = [GpioKeys.FeedbackRole],
            RequiredRoles = [GpioKeys.FeedbackRole],
        },
        new SensorPart("gpio-input", "Contact, float switch or button", Uapi, PartBus.Gpio, [State], GpioInputSensor.Open)
        {
            Keys = [GpioKeys.ActiveLow, GpioKeys.Bias, GpioKeys.Debounce],
        },
        new SensorPart("pulse-flow", "Flow meter that gives a number of pulses for each litre", Uapi, PartBus.Gpio, [Flow, Volume], PulseFlowSensor.Open)
        {
            Keys = [GpioKeys.PulsesPerLitre, GpioKeys.Bias, GpioKeys.Debounce, GpioKeys.Window],
            SharesLine = true,
        },
    ];
}
