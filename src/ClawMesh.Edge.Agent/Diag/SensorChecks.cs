using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>
/// Each configured sensor, seen once. A running node has them open, so it is asked; without one the drivers are read directly.
/// </summary>
internal sealed class SensorChecks(DiagContext context, NodeAnswer node)
{
    /// <summary>Sampling intervals without a new sample until a value is old.</summary>
    private const int IntervalsUntilStale = 3;

    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    /// <summary>The kernel reads one thermometer of a 1-wire bus after the other.</summary>
    private static readonly TimeSpan OneWireRead = TimeSpan.FromSeconds(0.8);

    private const int MostOneWireReads = 8;

    public static TimeSpan DeadlineOf(SensorBinding binding, Site site) => PartCatalog.Find(binding.Driver) is { Bus: PartBus.OneWire }
        ? DiagCheck.DefaultDeadline + (OneWireRead * Math.Min(MostOneWireReads, site.Sensors.Count(s => s.Driver == binding.Driver)))
        : DiagCheck.DefaultDeadline;

    public async Task<CheckOutcome> RunAsync(SensorBinding binding, CancellationToken cancellationToken)
    {
        WiringFindings wiring = await context.WiringAsync();
        CheckOutcome outcome = await LookAsync(binding.Info, wiring, cancellationToken);
        return wiring.Judge(binding.Info.Id.Value, WithCalibration(binding, outcome));
    }

    private async Task<CheckOutcome> LookAsync(SensorInfo info, WiringFindings wiring, CancellationToken cancellationToken)
    {
        if (node.Presence == NodePresence.Answers) return FromNode(info, node.Edge.Items("sensors").FirstOrDefault(s => s.Text("id") == info.Id.Value));

        // A node that lives holds the bus, and the simulated farm lives inside it.
        if (node.Presence != NodePresence.None) return CheckOutcome.Skip(node.Reason);
        if (wiring.WhyNotAsked(info.Id.Value) is { Length: > 0 } why) return CheckOutcome.Skip(why);

        ISensor sensor = await context.Bench.SensorAsync(info.Id);
        try
        {
            Reading reading = await sensor.ReadAsync(cancellationToken);
            return Judge(info, reading.Value).With("readBy", "diag");
        }
        catch (EdgeException fault)
        {
            return CheckOutcome.Fail(fault).With("code", fault.Code);
        }
    }

    // An old calibration is trusted by whoever only looks at the number.
    private CheckOutcome WithCalibration(SensorBinding binding, CheckOutcome outcome)
    {
        if (Calibration.Of(binding.Wiring) is not { } calibration) return outcome;
        var today = DateOnly.FromDateTime(context.Time.GetUtcNow().UtcDateTime);
        if (calibration.ExpiresOn is not { } expires || today < expires) return outcome.Because(calibration.On is { } day ? $"calibrated on {day:yyyy-MM-dd}" : "");
        string stale = $"its calibration of {calibration.On:yyyy-MM-dd} was good until {expires:yyyy-MM-dd}";
        return outcome.Status is CheckStatus.Fail or CheckStatus.Warn
            ? outcome.Because(stale)
            : CheckOutcome.Warn(FailureClass.StaleData, $"{outcome.Summary}; {stale}", "Measure its two points again and write them, with today's date, into `calibration` of the site file.").Because(outcome.Details).With(outcome.Values);
    }

    internal static CheckOutcome FromNode(SensorInfo info, JsonElement seen)
    {
        if (seen.ValueKind != JsonValueKind.Object)
        {
            return CheckOutcome.Fail(FailureClass.Config, "the running node does not have this sensor", "Restart the node, so that it runs the site as it stands.");
        }

        string state = seen.Text("state");
        string detail = seen.Text("detail");
        if (state is "degraded" or "blocked" or "failed")
        {
            FailureClass failure = FailureClassWords.Parse(seen.Text("failureClass")) ?? FailureClass.BusIo;
            string fix = seen.Text("fix") is { Length: > 0 } told ? told : FixOf(failure);
            return CheckOutcome.Fail(failure, $"the node calls it {state}{(detail.Length > 0 ? $": {detail}" : "")}", $"{fix} The node asks it again by itself.")
                .Because(seen.Text("code")).With("state", state).With("code", seen.Text("code"));
        }

        if (seen.Number("ageMs") is not { } ageMs)
        {
            return CheckOutcome.Warn(FailureClass.StaleData, "the node has no sample of it yet", "Run diag again in a few seconds; if it stays so, look at the node's log.").With("state", state);
        }

        TimeSpan age = TimeSpan.FromMilliseconds(ageMs);
        CheckOutcome outcome = age > (info.Interval * IntervalsUntilStale) + Slack
            ? CheckOutcome.Warn(FailureClass.StaleData, $"its last sample is {DiagText.Span(age)} old", "Check its supply and wiring; the node's events say what it answers.")
                .Because($"it is sampled every {DiagText.Span(info.Interval)}")
            // The node shows no value where the sensor gave none that is plausible.
            : Judge(info, seen.Number("value") ?? double.NaN);
        return outcome.With("state", state).With("ageMs", ageMs).With("readBy", "node");
    }

    // Where the node knows no more than the class.
    private static string FixOf(FailureClass failure) => failure switch
    {
        FailureClass.DeviceAbsent => "Check its supply, wires and address; `clawmesh-edge scan` shows what answers.",
        FailureClass.Auth => "Give the node's user the group of the device (docs/permissions.md), then restart the node.",
        FailureClass.Config => "Correct its entry in the site file, then restart the node.",
        FailureClass.OutOfRange => "Check the probe and its wires: a broken or open one reads like this.",
        FailureClass.StaleData => "Check its supply and its bus; `dmesg | tail` says what the kernel met.",
        _ => "Look for long wires, weak pull-ups and the part that holds the bus; `dmesg | tail` says what the kernel met.",
    };

    /// <summary>The sanity of one value.</summary>
    internal static CheckOutcome Judge(SensorInfo info, double value)
    {
        string range = string.Create(CultureInfo.InvariantCulture, $"plausible is {info.ValidMin} to {info.ValidMax} {info.Quantity.Unit}");
        if (!double.IsFinite(value))
        {
            return CheckOutcome.Fail(FailureClass.OutOfRange, "it answers without a plausible number", "Check the probe and its wiring; a broken or open one reads like this.").Because(range);
        }

        string text = $"{DiagText.Number(value)} {info.Quantity.Unit}".TrimEnd();
        if (value < info.ValidMin || value > info.ValidMax)
        {
            return CheckOutcome.Fail(
                FailureClass.OutOfRange, $"reads {text}", "Check the probe and its wiring; if the value is right, widen `valid` in the site file.").Because(range).With("value", value);
        }

        string status = FrameFactory.Status(value, info);
        return CheckOutcome.Pass(status == "normal" ? text : $"{text}, {status}").Because(range).With("value", value).With("unit", info.Quantity.Unit).With("level", status);
    }
}
