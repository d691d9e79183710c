using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Series;

/// <summary>One probe's record on a grid of quarter-hours, with the weather around it. Columns are of one length; NaN is a gap.</summary>
internal sealed class SoilSeries(string name, int length, double firstHour, bool wateringKnown)
{
    /// <summary>Slots in one step of the model.</summary>
    public const int StepSlots = 60 / SoilWindow.SlotMinutes;

    /// <summary>Steps of the model's horizon.</summary>
    public const int Steps = 24;

    public const int HorizonSlots = Steps * StepSlots;

    public string Name { get; } = name;

    public int Length { get; } = length;

    /// <summary>Hour of the day of slot 0.</summary>
    public double FirstHour { get; } = firstHour;

    public bool WateringKnown { get; } = wateringKnown;

    /// <summary>What a forecast is compared with, percent: as measured in the field, without the instrument's noise on the simulated farm.</summary>
    public float[] Truth { get; } = Gaps(length);

    /// <summary>What the instrument showed, percent.</summary>
    public float[] Moisture { get; } = Gaps(length);

    public float[] SoilTemperature { get; } = Gaps(length);

    public float[] AirTemperature { get; } = Gaps(length);

    public float[] Humidity { get; } = Gaps(length);

    /// <summary>hPa.</summary>
    public float[] Pressure { get; } = Gaps(length);

    /// <summary>Part of the quarter-hour that ends with the slot.</summary>
    public float[] Watered { get; } = Gaps(length);

    /// <summary>Litres of the quarter-hour that ends with the slot; zero where nobody knows.</summary>
    public float[] Litres { get; } = new float[length];

    /// <summary>Moisture jumped up in the quarter-hour that ends with the slot and nobody recorded why: rain or irrigation.</summary>
    public bool[] Jumped { get; } = new bool[length];

    public double HourOf(int slot) => (FirstHour + (slot / (double)SoilWindow.SlotsPerHour)) % 24;

    /// <summary>Fills the window that ends with a slot.</summary>
    public void Window(int slot, SoilWindow window)
    {
        int first = slot - SoilWindow.Slots + 1;
        Moisture.AsSpan(first, SoilWindow.Slots).CopyTo(window.Moisture);
        SoilTemperature.AsSpan(first, SoilWindow.Slots).CopyTo(window.SoilTemperature);
        AirTemperature.AsSpan(first, SoilWindow.Slots).CopyTo(window.AirTemperature);
        Humidity.AsSpan(first, SoilWindow.Slots).CopyTo(window.Humidity);
        Pressure.AsSpan(first, SoilWindow.Slots).CopyTo(window.Pressure);
        Watered.AsSpan(first, SoilWindow.Slots).CopyTo(window.Watered);
    }

    /// <summary>The rows of what was done in the 24 hours after a slot.</summary>
    /// <param name="idleLitresPerMinute">The flow that is told of an hour in which no valve was open.</param>
    /// <param name="rows">[Steps, 8].</param>
    public void Actions(int slot, double idleLitresPerMinute, Span<float> rows)
    {
        for (int step = 0; step < Steps; step++)
        {
            int first = slot + (step * StepSlots) + 1;
            double litres = 0, minutes = 0;
            for (int k = 0; WateringKnown && k < StepSlots; k++)
            {
                litres += Litres[first + k];
                minutes += Watered[first + k] * SoilWindow.SlotMinutes;
            }

            Span<float> row = rows.Slice(step * SoilAction.Size, SoilAction.Size);
            SoilFeatures.Action(HourOf(slot) + step, minutes > 0 ? litres / minutes : idleLitresPerMinute, WateringKnown, row);
            for (int k = 0; WateringKnown && k < StepSlots; k++) row[SoilAction.FirstQuarter + k] = Watered[first + k];
        }
    }

    private static float[] Gaps(int length)
    {
        var values = new float[length];
        Array.Fill(values, float.NaN);
        return values;
    }
}
