using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.World.Forecasts;

/// <summary>
/// From what was measured to what the soil water model is given, and nothing else: the trainer and the node call the same code, so the
/// model sees in the field what it saw when it was trained. Pure; thread-safe.
/// </summary>
public static class SoilFeatures
{
    /// <summary>How far a normalised member other than moisture may lie from its mean: weather the model never saw is shown as the edge of what it saw.</summary>
    public const float Bound = 3;

    // Moisture moves slowly: a reading half an hour old is still the current one. Weather may be an hour old.
    private const int MoistureSlots = 2;
    private const int WeatherSlots = SoilWindow.SlotsPerHour;

    private const int MeanNeedsSlots = 12 * SoilWindow.SlotsPerHour;

    /// <summary>The newest moisture of the last half hour, percent; NaN when there is none.</summary>
    public static float CurrentMoisture(SoilWindow window) => Newest(window.Moisture, MoistureSlots);

    /// <summary>Fills the model's state.</summary>
    /// <param name="normalisation">The fields of the model's first input, in the order of <see cref="SoilState"/>.</param>
    /// <param name="state">[<see cref="SoilState.Size"/>], normalised. Unchanged when there is no state.</param>
    /// <returns>Null, or why there is no state.</returns>
    public static string? State(SoilWindow window, IReadOnlyList<ModelField> normalisation, Span<float> state)
    {
        float moisture = CurrentMoisture(window);
        if (float.IsNaN(moisture)) return "the zone's moisture was not heard in the last 30 minutes";
        if (moisture is < 0 or > 100) return FormattableString.Invariant($"the zone's moisture is {moisture}; 0 to 100 is allowed");

        Span<float> raw = stackalloc float[SoilState.Size];
        Raw(window, raw);
        for (int i = 0; i < SoilState.Size; i++) state[i] = Normalise(raw[i], normalisation[i], i == SoilState.Moisture ? float.PositiveInfinity : Bound);
        return null;
    }

    /// <summary>What is known of each step beforehand: all columns but the watering of its quarters, which are zero.</summary>
    /// <param name="siteNow">When the first step begins, in the time of the site (<see cref="Twin.IWorldClock.Now"/>). Its offset holds for all steps, so the day has 24 hours.</param>
    /// <param name="litresPerMinute">What the zone's open valve passes.</param>
    /// <param name="wateringKnown">False where nobody records watering.</param>
    /// <param name="rows">[steps, <see cref="SoilAction.Size"/>].</param>
    public static void Actions(DateTimeOffset siteNow, double litresPerMinute, bool wateringKnown, Span<float> rows)
    {
        double hour = siteNow.TimeOfDay.TotalHours;
        for (int step = 0; step < rows.Length / SoilAction.Size; step++)
            Action(hour + step, litresPerMinute, wateringKnown, rows.Slice(step * SoilAction.Size, SoilAction.Size));
    }

    /// <param name="hour">Hour of the day at which the step begins; may pass 24. The row tells the middle of the step.</param>
    /// <param name="row">[<see cref="SoilAction.Size"/>].</param>
    public static void Action(double hour, double litresPerMinute, bool wateringKnown, Span<float> row)
    {
        row.Clear();
        (double sine, double cosine) = Math.SinCos((hour + 0.5) / 24 * 2 * Math.PI);
        row[SoilAction.RelativeFlow] = wateringKnown ? (float)(litresPerMinute / SoilAction.NominalLitresPerMinute) : 0;
        row[SoilAction.SineOfDay] = (float)sine;
        row[SoilAction.CosineOfDay] = (float)cosine;
        row[SoilAction.WateringKnown] = wateringKnown ? 1 : 0;
    }

    /// <summary>The state in units, NaN where a value is missing; presences are 0 and 1. Moisture is NaN when there is no state.</summary>
    /// <param name="raw">[<see cref="SoilState.Size"/>].</param>
    public static void Raw(SoilWindow window, Span<float> raw)
    {
        raw.Clear();
        float moisture = CurrentMoisture(window);
        raw[SoilState.Moisture] = moisture;
        raw[SoilState.MoistureChange1Hour] = moisture - Ago(window.Moisture, hours: 1, tolerance: 1);
        raw[SoilState.MoistureChange6Hours] = moisture - Ago(window.Moisture, hours: 6, tolerance: 2);
        raw[SoilState.MoistureChange24Hours] = moisture - Ago(window.Moisture, hours: 24, tolerance: 4);
        Pair(raw, SoilState.SoilTemperature, Newest(window.SoilTemperature, WeatherSlots));
        Pair(raw, SoilState.AirTemperature, Newest(window.AirTemperature, WeatherSlots));
        Pair(raw, SoilState.Humidity, Newest(window.Humidity, WeatherSlots));
        Pair(raw, SoilState.Pressure, Newest(window.Pressure, WeatherSlots));
        raw[SoilState.Watered1Hour] = Mean(window.Watered, SoilWindow.SlotsPerHour, needs: 1);
        raw[SoilState.Watered6Hours] = Mean(window.Watered, 6 * SoilWindow.SlotsPerHour, needs: 1);
        Pair(raw, SoilState.AirTemperatureMean24Hours, Mean(window.AirTemperature, SoilWindow.Slots - 1, MeanNeedsSlots));
    }

    /// <summary>(value − mean) / deviation, at most <paramref name="bound"/> from zero; 0 for a value that is missing.</summary>
    public static float Normalise(float value, ModelField field, float bound = float.PositiveInfinity) =>
        float.IsNaN(value) ? 0 : Math.Clamp((float)((value - field.Mean) / field.Deviation), -bound, bound);

    public static float Denormalise(float normalised, ModelField field) => (float)((normalised * field.Deviation) + field.Mean);

    private static void Pair(Span<float> raw, int at, float value)
    {
        raw[at] = value;
        raw[at + 1] = float.IsNaN(value) ? 0 : 1;
    }

    private static float Newest(float[] values, int slotsBack)
    {
        for (int back = 0; back <= slotsBack; back++)
        {
            float value = values[^(1 + back)];
            if (!float.IsNaN(value)) return value;
        }

        return float.NaN;
    }

    // The reading nearest to the time asked for; of two equally near the later one.
    private static float Ago(float[] values, int hours, int tolerance)
    {
        int at = values.Length - 1 - (hours * SoilWindow.SlotsPerHour);
        for (int off = 0; off <= tolerance; off++)
        {
            if (!float.IsNaN(values[at + off])) return values[at + off];
            if (at >= off && !float.IsNaN(values[at - off])) return values[at - off];
        }

        return float.NaN;
    }

    private static float Mean(float[] values, int slots, int needs)
    {
        double sum = 0;
        int heard = 0;
        foreach (float value in values.AsSpan(values.Length - slots))
        {
            if (float.IsNaN(value)) continue;
            sum += value;
            heard++;
        }

        return heard < needs ? float.NaN : (float)(sum / heard);
    }
}
