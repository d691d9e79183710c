using System.Globalization;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>An actuator's ref, e.g. <c>actuator:valve:zone-1</c>.</summary>
public readonly record struct ActuatorId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>Identifies one permit for the life of the journal, e.g. <c>pm-00000042</c>.</summary>
public readonly record struct PermitId(string Value)
{
    public override string ToString() => Value;
}

/// <summary>The state of an output: 0 is <c>inactive</c>, 1 is <c>active</c>, between them a duty ratio for outputs that have one.</summary>
public readonly record struct OutputValue
{
    public static readonly OutputValue Inactive = new(0);
    public static readonly OutputValue Active = new(1);

    /// <param name="ratio">0 to 1.</param>
    public OutputValue(double ratio)
    {
        if (!(ratio >= 0 && ratio <= 1)) throw new ArgumentOutOfRangeException(nameof(ratio), ratio, "An output value is a ratio from 0 to 1.");
        Ratio = ratio;
    }

    public double Ratio { get; }

    /// <summary>The words of the wire for the two ends ([W-99]), the ratio otherwise. Reads back as the same value: a small duty must not stand in the journal as 0.</summary>
    public override string ToString() => Ratio switch
    {
        0 => "inactive",
        1 => "active",
        _ => Ratio.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <summary>Reads <c>inactive</c>, <c>active</c> or a ratio from 0 to 1.</summary>
    public static OutputValue? Parse(string? text) => text switch
    {
        "inactive" => Inactive,
        "active" => Active,
        _ => double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double ratio) && ratio is >= 0 and <= 1
            ? new OutputValue(ratio)
            : null,
    };
}

/// <summary>The values one permit allows, both ends included.</summary>
public readonly record struct OutputRange(OutputValue Min, OutputValue Max)
{
    public static OutputRange Exactly(OutputValue value) => new(value, value);

    public bool Contains(OutputValue value) => value.Ratio >= Min.Ratio && value.Ratio <= Max.Ratio;

    public override string ToString() => Min == Max ? Min.ToString() : $"{Min}..{Max}";
}
