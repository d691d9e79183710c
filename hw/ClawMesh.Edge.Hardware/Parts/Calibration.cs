using System.Globalization;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Parts;

/// <summary>A straight line through two points: what the part says, and what that means.</summary>
/// <param name="On">The day it was measured; null when the site does not say.</param>
/// <param name="ValidFor">How long it is good; null means for ever.</param>
public sealed record Calibration(double Raw1, double Value1, double Raw2, double Value2, DateOnly? On, TimeSpan? ValidFor)
{
    /// <summary>Wiring keys, in the order of the first four members.</summary>
    public static readonly IReadOnlyList<string> Keys = ["calibration.raw1", "calibration.value1", "calibration.raw2", "calibration.value2"];

    public const string OnKey = "calibration.on";
    public const string ValidForKey = "calibration.validFor";

    public double Apply(double raw) => Value1 + ((raw - Raw1) * (Value2 - Value1) / (Raw2 - Raw1));

    /// <summary>The first day on which it is too old; null when it never is.</summary>
    public DateOnly? ExpiresOn => On is { } on && ValidFor is { } valid ? on.AddDays((int)Math.Ceiling(valid.TotalDays)) : null;

    /// <summary>Null when the site gives none.</summary>
    public static Calibration? Of(IReadOnlyDictionary<string, string> wiring) => wiring.ContainsKey(Keys[0])
        ? new(
            wiring.Number(Keys[0]), wiring.Number(Keys[1]), wiring.Number(Keys[2]), wiring.Number(Keys[3]),
            wiring.Optional(OnKey) is { } on ? DateOnly.ParseExact(on, "yyyy-MM-dd", CultureInfo.InvariantCulture) : null,
            wiring.Optional(ValidForKey) is { } text && DurationText.TryParse(text, out TimeSpan valid) ? valid : null)
        : null;
}
