using System.Globalization;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Outputs;

/// <summary>What a measurement must reach to confirm one write: the effect shows, or it is gone. Pure. All in the sensor's unit.</summary>
/// <param name="AtLeast">Reached at or above it.</param>
/// <param name="FallsTo">Reached at or below it.</param>
/// <param name="Below">Reached below it. NaN in any of the three asks for nothing, and a NaN measurement reaches nothing.</param>
internal readonly record struct EffectGoal(double AtLeast, double FallsTo, double Below)
{
    /// <summary>The output was sent to a state that shows.</summary>
    /// <param name="baseline">The value before the write; NaN when there was none.</param>
    /// <param name="isExtension">
    /// The output was in the wanted state already, so the value has risen before: <see cref="EffectCheck.AtLeast"/> decides when it
    /// is given, otherwise the whole value must be at least <see cref="EffectCheck.Rises"/>.
    /// </param>
    public static EffectGoal Shown(EffectCheck check, double baseline, bool isExtension)
    {
        double atLeast = (check.AtLeast, check.Rises, isExtension) switch
        {
            ({ } level, _, true) => level,
            (null, { } rise, true) => rise,
            ({ } level, { } rise, false) => Math.Max(level, baseline + rise),
            ({ } level, null, false) => level,
            (null, { } rise, false) => baseline + rise,
            _ => double.NaN,
        };
        return new(atLeast, double.NaN, double.NaN);
    }

    /// <summary>The output was sent to a state that does not show: the value falls by the declared rise, or below what an energised output shows.</summary>
    /// <param name="before">The value before the write; NaN when unknown, or when nothing was energised.</param>
    public static EffectGoal Gone(EffectCheck check, double before) =>
        new(double.NaN, before - (check.Rises ?? double.NaN), check.AtLeast ?? check.Rises ?? double.NaN);

    public bool IsReachedBy(double value) => value >= AtLeast || value <= FallsTo || value < Below;

    public string Describe(string unit)
    {
        if (!double.IsNaN(AtLeast)) return string.Create(CultureInfo.InvariantCulture, $"at least {AtLeast:0.##} {unit}");
        if (!double.IsNaN(FallsTo) && !(FallsTo < Below)) return string.Create(CultureInfo.InvariantCulture, $"at most {FallsTo:0.##} {unit}");
        if (!double.IsNaN(Below)) return string.Create(CultureInfo.InvariantCulture, $"less than {Below:0.##} {unit}");
        return "a rise over a value that could not be measured before the write";
    }
}
