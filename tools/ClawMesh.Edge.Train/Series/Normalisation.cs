using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Forecasts;

namespace ClawMesh.Edge.Train.Series;

/// <summary>The manifest's fields: means and deviations, from training data alone, field and farm counting the same.</summary>
internal static class Normalisation
{
    public static readonly string[] StateNames =
    [
        "moisture", "moisture_change_1h", "moisture_change_6h", "moisture_change_24h", "soil_temperature", "soil_temperature_present",
        "air_temperature", "air_temperature_present", "humidity", "humidity_present", "pressure", "pressure_present",
        "watered_1h", "watered_6h", "air_temperature_mean_24h", "air_temperature_mean_24h_present",
    ];

    private static readonly string[] StateUnits = ["%", "%", "%", "%", "°C", "", "°C", "", "%", "", "hPa", "", "ratio", "ratio", "°C", ""];

    public static ModelField[] State(IReadOnlyList<float[]> field, IReadOnlyList<float[]> farm)
    {
        var fields = new ModelField[SoilState.Size];
        for (int i = 0; i < fields.Length; i++)
        {
            (double mean, double deviation) = i switch
            {
                // Changes are scaled as the field's are: the farm's waterings would hide them.
                SoilState.MoistureChange1Hour or SoilState.MoistureChange6Hours or SoilState.MoistureChange24Hours => (0, Deviation(field, i, mean: 0)),
                SoilState.Watered1Hour => (0, 0.25),
                SoilState.Watered6Hours => (0, 0.1),
                SoilState.SoilTemperature + 1 or SoilState.AirTemperature + 1 or SoilState.Humidity + 1 or SoilState.Pressure + 1 or SoilState.AirTemperatureMean24Hours + 1 => (0, 1),
                _ => Pooled(field, farm, i),
            };
            fields[i] = new ModelField(StateNames[i], StateUnits[i], Math.Round(mean, 4), Math.Round(deviation, 4));
        }

        return fields;
    }

    /// <summary>The action row is what it is: candidates are written into it without a scale.</summary>
    public static ModelField[] Action() =>
    [
        new("watered_quarter_1", "ratio", 0, 1),
        new("watered_quarter_2", "ratio", 0, 1),
        new("watered_quarter_3", "ratio", 0, 1),
        new("watered_quarter_4", "ratio", 0, 1),
        new("relative_flow", "ratio", 0, 1),
        new("sine_of_day", "", 0, 1),
        new("cosine_of_day", "", 0, 1),
        new("watering_known", "", 0, 1),
    ];

    /// <summary>The states of all slots that have a whole window and a moisture, in units.</summary>
    public static IEnumerable<float[]> RawStates(SoilSeries series, IEnumerable<int> slots)
    {
        var window = new SoilWindow();
        foreach (int slot in slots)
        {
            series.Window(slot, window);
            var raw = new float[SoilState.Size];
            SoilFeatures.Raw(window, raw);
            if (!float.IsNaN(raw[SoilState.Moisture])) yield return raw;
        }
    }

    private static (double Mean, double Deviation) Pooled(IReadOnlyList<float[]> field, IReadOnlyList<float[]> farm, int column)
    {
        (int Count, double Mean, double Square) a = Moments(field, column), b = Moments(farm, column);
        double parts = (a.Count > 0 ? 1 : 0) + (b.Count > 0 ? 1 : 0);
        if (parts == 0) return (0, 1);
        double mean = (a.Mean + b.Mean) / parts, square = (a.Square + b.Square) / parts;
        return (mean, Math.Sqrt(square - (mean * mean)));
    }

    private static double Deviation(IReadOnlyList<float[]> rows, int column, double mean) => Math.Sqrt(Moments(rows, column).Square - (mean * mean));

    private static (int Count, double Mean, double Square) Moments(IReadOnlyList<float[]> rows, int column)
    {
        int count = 0;
        double sum = 0, squares = 0;
        foreach (float[] row in rows)
        {
            if (float.IsNaN(row[column])) continue;
            count++;
            sum += row[column];
            squares += (double)row[column] * row[column];
        }

        return count == 0 ? default : (count, sum / count, squares / count);
    }
}
