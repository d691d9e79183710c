namespace ClawMesh.Edge.World.Forecasts;

/// <summary>
/// The last 24 hours of one zone on a grid of quarter-hours, oldest first; NaN is a gap. Each array has <see cref="Slots"/> places: slot k
/// ends (<see cref="Slots"/> − 1 − k) quarter-hours ago, and the last one holds what is known now. A slot holds the latest reading of
/// its quarter-hour, or its mean. Not thread-safe; one window can be filled again and again.
/// </summary>
public sealed class SoilWindow
{
    /// <summary>24 hours and both of their ends.</summary>
    public const int Slots = (24 * SlotsPerHour) + 1;

    public const int SlotsPerHour = 4;

    public const int SlotMinutes = 60 / SlotsPerHour;

    public SoilWindow() => Clear();

    /// <summary>Volumetric, percent.</summary>
    public float[] Moisture { get; } = new float[Slots];

    /// <summary>°C.</summary>
    public float[] SoilTemperature { get; } = new float[Slots];

    /// <summary>°C.</summary>
    public float[] AirTemperature { get; } = new float[Slots];

    /// <summary>Relative, percent.</summary>
    public float[] Humidity { get; } = new float[Slots];

    /// <summary>hPa.</summary>
    public float[] Pressure { get; } = new float[Slots];

    /// <summary>Part of the slot's quarter-hour during which the zone's valve was open, 0 to 1; NaN when nobody recorded it.</summary>
    public float[] Watered { get; } = new float[Slots];

    /// <summary>Makes every slot a gap.</summary>
    public void Clear()
    {
        foreach (float[] column in new[] { Moisture, SoilTemperature, AirTemperature, Humidity, Pressure, Watered }) Array.Fill(column, float.NaN);
    }
}
