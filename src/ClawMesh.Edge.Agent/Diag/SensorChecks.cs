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

    public async Task<CheckOutcome> RunAsync(SensorBinding binding, CancellationToken cancellationToken)
    {
        CheckOutcome outcome = await LookAsync(binding.Info, cancellationToken);
        WiringFindings wiring = await context.WiringAsync();
        return wiring.Judge(binding.Info.Id.Value, WithCalibration(binding, outcome));
    }

    private async Task<CheckOutcome> LookAsync(SensorInfo info, CancellationToken cancellationToken)
    {
        if (node.Presence == NodePresence.Answers) return FromNode(info, node.Edge.Items("sensors").FirstOrDefault(s => s.Text("id") == info.Id.Value));

        // A node that lives holds the bus, and the simulated farm lives inside it.
        if (node.Presence != NodePresence.None) return CheckOutcome.Skip(node.Reason);

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
            return CheckOutcome.Fail(FailureClass.BusIo, $"the node calls it {state}", "Check its supply, wiring and address; the node asks it again by itself.").Because(detail).With("state", state);
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
