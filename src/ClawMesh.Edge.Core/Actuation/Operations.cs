using System.Text.Json;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>Operation names and the state each leads to ([W-99]). Names are compared without case.</summary>
public static class Operations
{
    /// <summary>The longest duration a command may ask for; the output's own limits are far lower.</summary>
    public const double MaxDurationSeconds = 7 * 24 * 3600;

    /// <summary>
    /// The state that <paramref name="operation"/> leads to, or null for an unknown name or a missing, unknown or out-of-range
    /// <c>state</c>/<c>value</c> parameter of <c>set</c>. The state alone decides what is safe; words like <c>close</c> decide nothing.
    /// </summary>
    public static OutputValue? Resolve(string operation, JsonElement? parameters) => operation.ToLowerInvariant() switch
    {
        "open" or "start" or "on" or "enable" => OutputValue.Active,
        "close" or "stop" or "off" or "disable" => OutputValue.Inactive,
        "set" => ResolveSet(parameters),
        _ => null,
    };

    /// <summary>The lease asked for by <c>durationSec</c>; null when absent. False when it is present and no positive number of seconds.</summary>
    public static bool TryDuration(JsonElement? parameters, out TimeSpan? duration)
    {
        duration = null;
        if (parameters is not { ValueKind: JsonValueKind.Object } p || !p.TryGetProperty("durationSec", out JsonElement value)
            || value.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double seconds) || !(seconds > 0 && seconds <= MaxDurationSeconds)) return false;
        // Rounded to the clock's 100 ns; less than half of that is no time at all.
        var rounded = TimeSpan.FromSeconds(seconds);
        if (rounded <= TimeSpan.Zero) return false;
        duration = rounded;
        return true;
    }

    private static OutputValue? ResolveSet(JsonElement? parameters)
    {
        if (parameters is not { ValueKind: JsonValueKind.Object } p) return null;
        if (p.TryGetProperty("state", out JsonElement state) && state.ValueKind == JsonValueKind.String) return OutputValue.Parse(Text(state));
        if (state.ValueKind == JsonValueKind.Number && state.TryGetDouble(out double level) && level is >= 0 and <= 1) return new OutputValue(level);
        if (p.TryGetProperty("value", out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double ratio) && ratio is >= 0 and <= 1)
        {
            return new OutputValue(ratio);
        }

        return null;
    }

    private static string? Text(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, escaped: valid JSON, no text, no state.
            return null;
        }
    }
}
