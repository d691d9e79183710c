using System.Globalization;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Reads <c>calibration</c> of a sensor: two points of a straight line, and how long they are good.</summary>
internal static class SiteCalibration
{
    private static readonly TimeSpan LongestValidity = TimeSpan.FromDays(3650);

    /// <summary>True when there is one; the sensor's unit is then the site's to choose.</summary>
    public static bool Read(ConfigObject item, Dictionary<string, string> wiring)
    {
        if (item.Object("calibration") is not { } calibration) return false;
        double?[] numbers = new double?[Calibration.Keys.Count];
        for (int i = 0; i < numbers.Length; i++)
        {
            string key = Calibration.Keys[i]["calibration.".Length..];
            numbers[i] = calibration.Number(key, "a number", required: true);
            if (numbers[i] is { } number) wiring[Calibration.Keys[i]] = number.ToString("R", CultureInfo.InvariantCulture);
        }

        if (numbers[0] is { } raw1 && raw1 == numbers[2])
            calibration.Error("raw2", $"{calibration.PathOf("raw2")} is {raw1}, as is raw1; two points of a line must differ.", "Measure at two different values, e.g. dry and wet.");
        if (calibration.Text("on", "the day it was measured, e.g. 2026-03-01", required: false) is { } on)
        {
            if (DateOnly.TryParseExact(on, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)) wiring[Calibration.OnKey] = on;
            else calibration.Error("on", $"{calibration.PathOf("on")} is '{on}'; it must be a day such as 2026-03-01.", "Write year, month and day.");
        }

        if (calibration.Duration("validFor", LongestValidity) is { } valid) wiring[Calibration.ValidForKey] = DurationText.Format(valid);
        calibration.Done();
        // Half a calibration is an error already; the driver must not find it.
        if (numbers.Contains(null)) foreach (string key in Calibration.Keys) wiring.Remove(key);
        return true;
    }
}
