using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Whether heat holds the machine back now, or its supply has since the start.</summary>
internal static class ThrottleCheck
{
    private const string CoolIt = "Clean the heatsink, check the fan, give it air, or choose a lower power mode (`sudo nvpmodel -q` shows the one in force).";
    private const string FeedIt = "Use a supply with more current and a short, thick cable, or a lower power mode; a restart sets the counters to zero.";

    public static CheckOutcome Run(string root)
    {
        IReadOnlyList<Throttle> devices = Throttle.Find(root);
        IReadOnlyList<SupplyEvents> supply = SupplyEvents.Find(root);
        if (devices.Count == 0 && supply.Count == 0) return CheckOutcome.Skip("the kernel shows nothing that it could hold back");

        List<string> held = [];
        List<string> surface = [];
        foreach (Throttle device in devices)
        {
            if (device.State is not ({ } state and > 0)) continue;
            if (device.Slows) held.Add($"{device.Type} at step {state} of {device.Most ?? state}");
            else surface.Add("the enclosure is hot to the touch; nothing is slowed");
        }

        long events = 0;
        List<string> counted = [];
        foreach (SupplyEvents comparator in supply)
        {
            if (comparator.Count is not ({ } count and > 0)) continue;
            events += count;
            counted.Add($"{comparator.Meaning}: {count} times since the start");
        }

        CheckOutcome outcome =
            held.Count > 0 ? CheckOutcome.Warn(FailureClass.Thermal, $"held back against heat: {held[0]}{(held.Count > 1 ? $" and {held.Count - 1} more" : "")}", counted.Count > 0 ? $"{CoolIt} {FeedIt}" : CoolIt)
                .Because([.. held, "since when, the kernel does not tell", .. counted])
            : counted.Count > 0 ? CheckOutcome.Warn(FailureClass.Power, $"the supply has made it slow down {events} times since the start", FeedIt).Because(counted)
            : CheckOutcome.Pass("nothing is held back");
        return outcome.Because(surface).With("heldBack", held.Count).With("supplyEvents", events);
    }
}
