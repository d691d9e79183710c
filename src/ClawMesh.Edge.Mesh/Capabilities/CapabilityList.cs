namespace ClawMesh.Edge.Mesh.Capabilities;

/// <summary>The list of the handshake: at most 256 capabilities of at most 128 ASCII characters ([W-108], [W-109]).</summary>
public static class CapabilityList
{
    public const int MaxEntries = 256;
    public const int MaxLength = 128;

    /// <summary>The usable entries in their order, each once.</summary>
    /// <param name="dropped">Entries left out because they are empty, too long, not printable ASCII, or too many; a repeated one is not counted.</param>
    public static IReadOnlyList<string> Sanitise(IReadOnlyList<string> received, out int dropped)
    {
        var kept = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        dropped = 0;
        foreach (string capability in received)
        {
            if (seen.Contains(capability)) continue;
            if (kept.Count == MaxEntries || capability.Length is 0 or > MaxLength || capability.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                dropped++;
                continue;
            }

            seen.Add(capability);
            kept.Add(capability);
        }

        return kept;
    }

    /// <summary>
    /// What this node announces: each output by its exact ref, which must not be cut off, what is configured, the sensors, and last
    /// the two-segment forms of the outputs ([W-110]).
    /// </summary>
    public static IReadOnlyList<string> Advertise(IReadOnlyList<string> outputs, IReadOnlyList<string> configured, IReadOnlyList<string> sensors)
    {
        List<string> all = [.. outputs, .. configured, .. sensors];
        foreach (string output in outputs)
        {
            if (TwoSegments(output) is { } family) all.Add(family);
        }

        return Sanitise(all, out _);
    }

    /// <summary>For example <c>actuator:pump</c> for <c>actuator:pump:P1</c>; null when there are no more than two segments.</summary>
    internal static string? TwoSegments(string reference)
    {
        int first = reference.IndexOf(':', StringComparison.Ordinal);
        int second = first < 0 ? -1 : reference.IndexOf(':', first + 1);
        return second < 0 ? null : reference[..second];
    }
}
