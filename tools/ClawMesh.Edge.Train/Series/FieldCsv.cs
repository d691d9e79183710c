using System.Globalization;

namespace ClawMesh.Edge.Train.Series;

/// <summary>Reads the field data set (EcoIrrigate, CC BY 4.0, doi 10.17632/8x4v7yy3ds.1), which is not part of this repository.</summary>
internal static class FieldCsv
{
    public const string Attribution = "EcoIrrigate: Multi-Sensor Soil Moisture Monitoring Dataset from Kolkata, India (Jan-Apr 2025), Mendeley Data, doi 10.17632/8x4v7yy3ds.1, CC BY 4.0";

    /// <summary>No soil dries upwards: more than this in a quarter-hour, in percent, is rain or irrigation.</summary>
    public const float JumpPercent = 0.4f;

    private const float HectopascalsPerInchOfMercury = 33.86389f;

    /// <summary>The file under <c>$CLAWMESH_DATA</c>, or under ../shared/data beside the repository; null when there is none.</summary>
    public static string? Find(string repository)
    {
        string? named = Environment.GetEnvironmentVariable("CLAWMESH_DATA");
        string file = Path.Combine(named ?? Path.Combine(repository, "..", "shared", "data"), "soil-moisture", "farm-1.csv");
        return File.Exists(file) ? Path.GetFullPath(file) : null;
    }

    /// <exception cref="InvalidDataException">A column is missing, or a row does not follow the one before by a quarter-hour.</exception>
    public static SoilSeries Read(string file)
    {
        string[] lines = File.ReadAllLines(file);
        string[] names = lines[0].Split(',');
        int time = Column(names, "Timestamp"), moisture = Column(names, "Volumetric_Moisture_Pct"), pressure = Column(names, "Atm_Pressure_inHg");
        int air = Column(names, "Atm_Temperature_C"), soil = Column(names, "Soil_Temperature_C");

        string[][] rows = [.. lines.Skip(1).Where(line => line.Length > 0).Select(line => line.Split(','))];
        DateTime start = Time(rows[0][time]);
        var series = new SoilSeries("field", rows.Length, start.TimeOfDay.TotalHours, wateringKnown: false);
        for (int i = 0; i < rows.Length; i++)
        {
            string[] row = rows[i];
            if (Time(row[time]) != start.AddMinutes(i * 15)) throw new InvalidDataException($"{file}, row {i + 2}: {row[time]} is not 15 minutes after the row before");
            series.Moisture[i] = series.Truth[i] = Number(row[moisture]);
            series.Pressure[i] = Number(row[pressure]) * HectopascalsPerInchOfMercury;
            series.AirTemperature[i] = Number(row[air]);
            series.SoilTemperature[i] = Number(row[soil]);
            series.Jumped[i] = i > 0 && series.Moisture[i] - series.Moisture[i - 1] > JumpPercent;
        }

        return series;
    }

    private static int Column(string[] names, string name)
    {
        int at = Array.IndexOf(names, name);
        return at >= 0 ? at : throw new InvalidDataException($"the field data has no column '{name}'");
    }

    private static DateTime Time(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture);

    private static float Number(string text) => text.Length == 0 ? float.NaN : float.Parse(text, CultureInfo.InvariantCulture);
}
