namespace ClawMesh.Edge.Hardware.Parts;

public enum PartKeyKind
{
    Text,

    /// <summary>One of <see cref="PartKey.Words"/>.</summary>
    Word,

    /// <summary>A whole number from <see cref="PartKey.Min"/> to <see cref="PartKey.Max"/>.</summary>
    Whole,

    /// <summary>A number from <see cref="PartKey.Min"/> to <see cref="PartKey.Max"/>.</summary>
    Number,

    Flag,

    /// <summary>A duration as text, positive and at most <see cref="PartKey.Max"/> seconds.</summary>
    Duration,

    /// <summary>An I2C address as text, <c>0x08</c> to <c>0x77</c>, or one of <see cref="PartKey.Words"/> when there are any.</summary>
    Address,
}

/// <summary>One key a driver reads from its entry in a site file. Values are checked before a driver sees them; it gets them as text.</summary>
/// <param name="Means">One line for people; stands in docs/parts.md.</param>
public sealed record PartKey(string Name, PartKeyKind Kind, string Means)
{
    public bool Required { get; init; }

    /// <summary>What the driver gets when the site says nothing; null leaves the key out.</summary>
    public string? Default { get; init; }

    public IReadOnlyList<string> Words { get; init; } = [];

    public double Min { get; init; } = double.NegativeInfinity;

    public double Max { get; init; } = double.PositiveInfinity;
}
