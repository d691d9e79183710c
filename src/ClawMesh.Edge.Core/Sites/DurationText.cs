using System.Globalization;

namespace ClawMesh.Edge.Core.Sites;

/// <summary>Durations as people write them in files and flags: <c>20ms</c>, <c>90s</c>, <c>10m</c>, <c>1h30m</c>, <c>2d</c>.</summary>
public static class DurationText
{
    public const string Allowed = "a number with a unit, such as 500ms, 90s, 10m, 1h30m or 2d";

    /// <summary>Positive, at most 400 days; parts in falling order of unit.</summary>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (string.IsNullOrEmpty(text)) return false;
        double totalMs = 0;
        double previousUnitMs = double.PositiveInfinity;
        int at = 0;
        while (at < text.Length)
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.')) at++;
            if (!double.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount)) return false;
            int unitStart = at;
            while (at < text.Length && char.IsAsciiLetter(text[at])) at++;
            double unitMs = text[unitStart..at] switch { "ms" => 1, "s" => 1_000, "m" => 60_000, "h" => 3_600_000, "d" => 86_400_000, _ => double.NaN };
            if (!(unitMs < previousUnitMs)) return false;
            previousUnitMs = unitMs;
            totalMs += amount * unitMs;
        }

        if (!(totalMs > 0 && totalMs <= 400.0 * 86_400_000)) return false;
        duration = TimeSpan.FromMilliseconds(totalMs);
        return duration > TimeSpan.Zero;
    }

    /// <summary>The shortest text that reads back to the same number of milliseconds.</summary>
    public static string Format(TimeSpan duration)
    {
        long ms = (long)Math.Round(duration.TotalMilliseconds);
        if (ms == 0) return "0s";
        var text = new System.Text.StringBuilder();
        (long Ms, string Unit)[] units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        foreach ((long unitMs, string unit) in units)
        {
            if (ms / unitMs is var n and > 0) text.Append(n).Append(unit);
            ms %= unitMs;
        }

        return text.ToString();
    }
}
