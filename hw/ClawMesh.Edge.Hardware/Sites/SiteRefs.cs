using System.Buffers;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>The shape of sensor and actuator refs ([W-108], [W-109]).</summary>
internal static class SiteRefs
{
    public const int MaxLength = 128;

    /// <summary>Most sensors and actuators together: a node's list of capabilities has no more.</summary>
    public const int MaxEntries = 256;

    private static readonly SearchValues<char> SegmentCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    public static string Allowed(string kind) => $"'{kind}:' and one or more ASCII segments of letters, digits, '-', '_' and '.', at most {MaxLength} characters";

    /// <param name="kind"><c>sensor</c> or <c>actuator</c>.</param>
    public static bool IsWellFormed(string text, string kind)
    {
        if (text.Length > MaxLength || !text.StartsWith(kind + ":", StringComparison.Ordinal)) return false;
        foreach (Range segment in text.AsSpan().Split(':'))
        {
            ReadOnlySpan<char> part = text.AsSpan(segment);
            if (part.IsEmpty || part.ContainsAnyExcept(SegmentCharacters)) return false;
        }

        return true;
    }
}
