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
        // Every reading would be that value, and a condition on it would hold for ever.
        if (numbers[1] is { } value1 && value1 == numbers[3])
            calibration.Error("value2", $"{calibration.PathOf("value2")} is {value1}, as is value1; every reading would be {value1}, whatever the part says.", "Give the two values that belong to raw1 and raw2.");
        DateOnly? measured = null;
        if (calibration.Text("on", "the day it was measured, e.g. 2026-03-01", required: false) is { } on)
        {
            if (DateOnly.TryParseExact(on, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day)) (measured, wiring[Calibration.OnKey]) = (day, on);
            else calibration.Error("on", $"{calibration.PathOf("on")} is '{on}'; it must be a day such as 2026-03-01.", "Write year, month and day.");
        }

        if (calibration.Duration("validFor", LongestValidity) is { } valid)
        {
            wiring[Calibration.ValidForKey] = DurationText.Format(valid);
            if (calibration.Raw("on") is null)
                calibration.Error("on", $"{calibration.PathOf("on")} is missing beside validFor = {DurationText.Format(valid)}; without the day it was measured it would never expire.", "Add the day, e.g. \"on\": \"2026-03-01\".");
            else if (measured is { } from && from.DayNumber + Math.Ceiling(valid.TotalDays) > DateOnly.MaxValue.DayNumber)
                calibration.Error("on", $"{calibration.PathOf("on")} is {from:yyyy-MM-dd}, and validFor leads beyond the year 9999.", "Write the day on which it was measured.");
        }

        calibration.Done();
        // Half a calibration is an error already; the driver must not find it.
        if (numbers.Contains(null)) foreach (string key in Calibration.Keys) wiring.Remove(key);
        return true;
    }
}
