using ClawMesh.Edge.Train.Series;

namespace ClawMesh.Edge.Tests.Tools;

public sealed class FieldCsvTests : IDisposable
{
    private const string Head = "Timestamp,Volumetric_Moisture_Pct,Atm_Pressure_inHg,Atm_Temperature_C,Soil_Temperature_C";

    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void A_jump_is_marked_watering_is_unknown_and_pressure_is_in_hectopascals()
    {
        File.WriteAllLines(_file, [Head, "2025-01-05 23:45:00,12.00,29.92,20,21", "2025-01-06 00:00:00,12.40,29.92,20,21", "2025-01-06 00:15:00,14.00,29.92,,21"]);

        SoilSeries series = FieldCsv.Read(_file);

        Assert.Equal([false, false, true], series.Jumped);
        Assert.False(series.WateringKnown);
        Assert.All(series.Watered, watered => Assert.True(float.IsNaN(watered)));
        Assert.All(series.Humidity, humidity => Assert.True(float.IsNaN(humidity)));
        Assert.Equal(1_013.2f, series.Pressure[0], 0.1f);
        Assert.True(float.IsNaN(series.AirTemperature[2]));
        Assert.Equal([23.75, 0, 0.25], Enumerable.Range(0, 3).Select(series.HourOf));
    }

    [Fact]
    public void A_row_that_is_missing_is_not_passed_over()
    {
        File.WriteAllLines(_file, [Head, "2025-01-05 00:00:00,12,29.9,20,21", "2025-01-05 00:30:00,12,29.9,20,21"]);

        Assert.Contains("row 3", Assert.Throws<InvalidDataException>(() => FieldCsv.Read(_file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_other_columns_is_refused_by_name()
    {
        File.WriteAllLines(_file, ["Timestamp,Moisture", "2025-01-05 00:00:00,12"]);

        Assert.Contains("Volumetric_Moisture_Pct", Assert.Throws<InvalidDataException>(() => FieldCsv.Read(_file)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);
}
