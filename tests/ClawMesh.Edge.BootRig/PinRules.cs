using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>What the pins must show after a power-on, whatever the node says of itself.</summary>
internal static class PinRules
{
    private static readonly Pin[] Outputs = Enum.GetValues<Pin>();

    /// <summary>When a node first held its outputs at their safe value: relay-2 is pulled up and falls by that alone. Guest time; null when it never did.</summary>
    public static TimeSpan? Claim(IReadOnlyList<PinSample> pins)
    {
        foreach (PinSample sample in pins)
        {
            if (PinLog.Is(sample.Levels, Pin.Relay2, '0')) return sample.Guest;
        }

        return null;
    }

    /// <summary>When every output was safe for the first time.</summary>
    public static TimeSpan? AllSafe(IReadOnlyList<PinSample> pins)
    {
        foreach (PinSample sample in pins)
        {
            if (sample.Levels.Length == Outputs.Length && !sample.Levels.AsSpan().ContainsAnyExcept('0')) return sample.Guest;
        }

        return null;
    }

    /// <summary>
    /// Between power-on and the first command: an output that once was low and is high again, and an output that is not low when the node
    /// answers.
    /// </summary>
    /// <param name="ready">When the node answered; null when it was cut before.</param>
    /// <param name="commanded">When the first command was sent; null when none was.</param>
    public static IReadOnlyList<string> UnsafeStarts(IReadOnlyList<PinSample> pins, TimeSpan? ready, TimeSpan? commanded)
    {
        var wrong = new List<string>();
        foreach (Pin pin in Outputs)
        {
            bool wasLow = false;
            foreach (PinSample sample in pins)
            {
                if (sample.Guest >= commanded) break;
                // The emulated bench is made pin by pin: relay-2 is low for a moment before its pull-up is there, but pinwatch starts after.
                bool low = PinLog.Is(sample.Levels, pin, '0');
                if (wasLow && PinLog.Is(sample.Levels, pin, '1')) wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{pin} was energised again at {sample.Guest.TotalSeconds:0.000} s before any command"));
                if (!low && sample.Guest >= ready) wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{pin} was not safe at {sample.Guest.TotalSeconds:0.000} s, after the node answered at {ready.Value.TotalSeconds:0.000} s"));
                wasLow |= low;
                if (wrong.Count > 8) return wrong;
            }
        }

        return wrong;
    }
}
