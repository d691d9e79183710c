using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The sensors every Linux machine brings, as one line: how many answer, and which do not make sense.</summary>
internal static class HostSensorCheck
{
    private const string Prefix = "sensor:host:";

    /// <summary>Rates need two looks with time between them.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    public static async Task<CheckOutcome> RunAsync(DiagContext context, NodeAnswer node, CancellationToken cancellationToken)
    {
        List<(string Id, string Text, string Trouble)> seen = node.Presence == NodePresence.Answers
            ? [.. node.Edge.Items("sensors").Where(s => s.Text("id").StartsWith(Prefix, StringComparison.Ordinal)).Select(FromNode)]
            : await ReadAsync(context, cancellationToken);
        if (seen.Count == 0) return CheckOutcome.Skip("this machine shows none in /proc and /sys");

        string[] troubles = [.. seen.Where(s => s.Trouble.Length > 0).Select(s => $"{s.Id}: {s.Trouble}")];
        string count = DiagText.Count(seen.Count, "sensor");
        CheckOutcome outcome = troubles.Length == 0
            ? CheckOutcome.Pass($"{count} of this machine, all plausible").Because(seen.Select(s => $"{s.Id} {s.Text}"))
            : CheckOutcome.Warn(FailureClass.BusIo, $"{count} of this machine, {troubles.Length} in trouble", "Look for their drivers in `dmesg`; they measure this machine, not the site.").Because(troubles);
        return outcome.With("sensors", seen.Count).With("troubled", troubles.Length);
    }

    private static (string Id, string Text, string Trouble) FromNode(JsonElement s) => (
        s.Text("id"), s.Text("status") == "off" ? "off" : $"{s.Text("value")} {s.Text("unit")}",
        s.Text("state") is "degraded" or "blocked" or "failed" ? $"the node calls it {s.Text("state")}. {s.Text("detail")}"
        : s.Number("ageMs") is not null && s.Number("value") is null && s.Text("status") != "off" ? "it answers without a plausible number" : "");

    private static async Task<List<(string Id, string Text, string Trouble)>> ReadAsync(DiagContext context, CancellationToken cancellationToken)
    {
        IReadOnlyList<ISensor> sensors = HostSensors.Discover(context.Host.Root, context.Time, []);
        await Task.Delay(BetweenLooks, context.Time, cancellationToken);
        var seen = new List<(string, string, string)>();
        foreach (ISensor sensor in sensors)
        {
            SensorInfo info = sensor.Info;
            try
            {
                double value = (await sensor.ReadAsync(cancellationToken)).Value;
                if (info.MayBeOff && double.IsNaN(value))
                {
                    seen.Add((info.Id.Value, "off", ""));
                    continue;
                }

                bool plausible = double.IsFinite(value) && value >= info.ValidMin && value <= info.ValidMax;
                seen.Add((info.Id.Value, $"{DiagText.Number(value)} {info.Quantity.Unit}", plausible ? "" : $"reads {value}; plausible is {info.ValidMin} to {info.ValidMax} {info.Quantity.Unit}"));
            }
            catch (EdgeException fault)
            {
                seen.Add((info.Id.Value, "", fault.Why));
            }
        }

        return seen;
    }
}
