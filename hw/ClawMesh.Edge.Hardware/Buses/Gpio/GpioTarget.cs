namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>The lines a part was wired to, as the site and its board name them; which chip and offsets that is, is found out when they are requested.</summary>
/// <param name="Chip">Label or name of the chip.</param>
/// <param name="Lines">Names, or offsets as text.</param>
/// <param name="Offsets">What the board file expects, as a cross-check; empty when the site named chip and line itself.</param>
/// <param name="Pins">Numbers on the header; empty when the site named chip and line itself.</param>
public sealed record GpioTarget(string Chip, IReadOnlyList<string> Lines, IReadOnlyList<int> Offsets, IReadOnlyList<int> Pins)
{
    /// <summary>The role of a part's main lines.</summary>
    public const string MainRole = "line";

    /// <summary>From the wiring the site reader made: <c>ROLE.chip</c>, <c>ROLE.lines</c>, <c>ROLE.offsets</c>, <c>ROLE.pins</c>, lists by comma. Null when the role is not wired.</summary>
    public static GpioTarget? Of(IReadOnlyDictionary<string, string> wiring, string role = MainRole)
    {
        if (!wiring.TryGetValue($"{role}.chip", out string? chip)) return null;
        return new GpioTarget(
            chip, Split(wiring, $"{role}.lines"),
            [.. Split(wiring, $"{role}.offsets").Select(int.Parse)],
            [.. Split(wiring, $"{role}.pins").Select(int.Parse)]);
    }

    private static string[] Split(IReadOnlyDictionary<string, string> wiring, string key) =>
        wiring.TryGetValue(key, out string? text) && text.Length > 0 ? text.Split(',') : [];
}
