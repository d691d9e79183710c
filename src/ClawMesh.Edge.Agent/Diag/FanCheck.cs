using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Whether a fan that is driven also turns.</summary>
internal static class FanCheck
{
    /// <summary>A fan that was just started takes this long to show on its tachometer.</summary>
    private static readonly TimeSpan SpinUp = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    /// <summary>Only a fan that stands makes it wait.</summary>
    public static readonly TimeSpan Deadline = SpinUp + TimeSpan.FromSeconds(1.5);

    public static async Task<CheckOutcome> RunAsync(JetsonFacts facts, string root, TimeProvider time, CancellationToken cancellationToken)
    {
        IReadOnlyList<Fan> fans = Fan.Find(root);
        if (fans.Count == 0) return CheckOutcome.Skip("the kernel drives no fan here");

        long started = time.GetTimestamp();
        while (fans.Any(Stands) && time.GetElapsedTime(started) < SpinUp) await Task.Delay(BetweenLooks, time, cancellationToken);

        string profile = facts.FanProfile is { } named ? $"profile {named}" : "";
        string text = string.Join(", ", fans.Select(Describe));
        if (fans.FirstOrDefault(Stands) is { } stalled)
        {
            return CheckOutcome.Fail(
                    FailureClass.Thermal, $"{stalled.Name} is driven and does not turn: {Describe(stalled)}",
                    stalled.IsSwitchedOff
                        ? "Its driver has the output switched off: `sudo systemctl restart nvfancontrol`, then run diag again."
                        : "See whether something blocks it and whether its plug sits; replace the fan if it does not start by hand. Until then choose the lowest power mode (`sudo nvpmodel -m`).")
                .Because(stalled.IsSwitchedOff ? $"{stalled.DutyFile}_enable is 0" : "", string.Create(CultureInfo.InvariantCulture, $"watched for {SpinUp.TotalSeconds:0} s"), profile);
        }

        CheckOutcome outcome = fans.FirstOrDefault(f => f.DutyPercent > 0 && f.SpeedFile is null) is { } blind
            ? CheckOutcome.Warn(FailureClass.Thermal, $"{text}; nobody can see whether it turns", "Look at it. A fan with a tachometer wire (three or four pins) tells by itself when it stops.").Because($"{blind.Name} has no tachometer")
            : CheckOutcome.Pass(text);
        outcome = outcome.Because(profile);
        if (fans[0].DutyPercent is { } duty) outcome = outcome.With("dutyPercent", Math.Round(duty, 1));
        return fans[0].Rpm is { } rpm ? outcome.With("rpm", rpm) : outcome;
    }

    private static bool Stands(Fan fan) => fan.DutyPercent > 0 && fan.Rpm == 0;

    private static string Describe(Fan fan)
    {
        string duty = fan.DutyPercent is { } percent ? string.Create(CultureInfo.InvariantCulture, $" at {percent:0} %") : "";
        string speed = fan.Rpm is { } rpm ? string.Create(CultureInfo.InvariantCulture, $", {rpm:0} RPM") : fan.SpeedFile is null ? ", no tachometer" : ", the tachometer does not answer";
        return fan.Name + duty + speed;
    }
}
