using System.Globalization;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Parts;

/// <summary>Typed looks at a binding's wiring. The site reader has checked every value; what is not there is a bug of the part's key list.</summary>
public static class PartWiring
{
    /// <summary>Wiring key: which of a part's measures this sensor is.</summary>
    public const string MeasuresKey = "measures";

    public const string AddressKey = "address";

    public static string? Optional(this IReadOnlyDictionary<string, string> wiring, string key) => wiring.GetValueOrDefault(key);

    public static string Text(this IReadOnlyDictionary<string, string> wiring, string key) =>
        wiring.TryGetValue(key, out string? text) ? text : throw new InvalidOperationException($"the part's key list lacks '{key}'");

    public static int Whole(this IReadOnlyDictionary<string, string> wiring, string key) => int.Parse(wiring.Text(key), CultureInfo.InvariantCulture);

    public static double Number(this IReadOnlyDictionary<string, string> wiring, string key) => double.Parse(wiring.Text(key), CultureInfo.InvariantCulture);

    public static bool Flag(this IReadOnlyDictionary<string, string> wiring, string key) => wiring.GetValueOrDefault(key) == "true";

    public static TimeSpan Duration(this IReadOnlyDictionary<string, string> wiring, string key) =>
        DurationText.TryParse(wiring.Text(key), out TimeSpan duration) ? duration : throw new InvalidOperationException($"'{key}' was not checked");

    /// <summary>An I2C address, <c>0x48</c> → 72.</summary>
    public static int Address(this IReadOnlyDictionary<string, string> wiring) => ParseAddress(wiring.Text(AddressKey)) ?? throw new InvalidOperationException("the address was not checked");

    /// <summary>Null unless it is <c>0x08</c> to <c>0x77</c> (the addresses I2C leaves to parts).</summary>
    public static int? ParseAddress(string text) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int address) && address is >= 0x08 and <= 0x77
            ? address
            : null;
}
