using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>The hottest thermal zone against the trip at which it throttles (Documentation/driver-api/thermal/sysfs-api.rst; m°C).</summary>
internal static class ThermalCheck
{
    private const double NearTrip = 10;

    /// <summary>Judged by this where the zone tells no trip.</summary>
    private const double HotWithoutTrip = 90;

    /// <summary>A powered-down engine of a Jetson reads this or less, or does not answer.</summary>
    private const double Off = -256;

    private const string Fix = "Clean the heatsink, check the fan, give it air; on a Jetson a lower power mode (`nvpmodel -m`) makes less heat.";

    public static CheckOutcome Run(DiagHost host)
    {
        Zone[] zones = [.. DiagText.Entries(host.At("sys/class/thermal"), "thermal_zone").Select(Read).OfType<Zone>()];
        if (zones.Length == 0) return CheckOutcome.Skip("the kernel shows no thermal zone");

        // The one nearest to its trip matters more than the one with the highest figure.
        Zone worst = zones.MinBy(z => (z.Trip ?? HotWithoutTrip) - z.Celsius)!;
        Zone hottest = zones.MaxBy(z => z.Celsius)!;
        string text = string.Create(CultureInfo.InvariantCulture, $"{hottest.Type} {hottest.Celsius:0.0} °C is the hottest of {DiagText.Count(zones.Length, "zone")}");
        double limit = worst.Trip ?? HotWithoutTrip;
        double margin = limit - worst.Celsius;
        string why = string.Create(
            CultureInfo.InvariantCulture, $"{worst.Type} has {worst.Celsius:0.0} °C; {(worst.Trip is null ? "no trip is known, and" : "it throttles at")} {limit:0.0} °C{(worst.Trip is null ? " is hot for any of them" : "")}");
        CheckOutcome outcome =
            margin <= 0 && worst.Trip is not null ? CheckOutcome.Fail(FailureClass.Thermal, text, Fix).Because(why)
            : margin <= (worst.Trip is null ? 0 : NearTrip) ? CheckOutcome.Warn(FailureClass.Thermal, text, Fix).Because(why)
            : CheckOutcome.Pass(text).Because(zones.Select(z => string.Create(CultureInfo.InvariantCulture, $"{z.Type} {z.Celsius:0.0} °C{(z.Trip is { } trip ? $", throttles at {trip:0.0} °C" : "")}")));
        outcome = outcome.With("hottestZone", hottest.Type).With("hottestCelsius", hottest.Celsius);
        return worst.Trip is null ? outcome : outcome.With("throttleCelsius", limit).With("marginCelsius", margin);
    }

    private static Zone? Read(string directory)
    {
        string type = DiagText.Read(Path.Combine(directory, "type")) ?? Path.GetFileName(directory);

        // The PMIC zones of a Jetson say 100 °C whatever happens.
        if (type.Contains("PMIC", StringComparison.OrdinalIgnoreCase)) return null;
        if (DiagText.ReadNumber(Path.Combine(directory, "temp")) is not { } milli || milli / 1000.0 <= Off) return null;

        double? trip = null;
        foreach (string file in DiagText.Entries(directory, "trip_point_"))
        {
            if (!file.EndsWith("_type", StringComparison.Ordinal) || DiagText.Read(file) != "passive" || !Slows(directory, file)) continue;
            if (DiagText.ReadNumber(file[..^"type".Length] + "temp") is { } at && at > 0 && !(trip <= at / 1000.0)) trip = at / 1000.0;
        }

        return new Zone(type, milli / 1000.0, trip);
    }

    // Orin has a passive trip at 70 °C at which nothing happens but an alert that the enclosure is hot. What a trip acts on stands beside
    // it, as links cdevN and their cdevN_trip_point; where no link names the trip, it counts.
    private static bool Slows(string zone, string tripFile)
    {
        string number = Path.GetFileName(tripFile)["trip_point_".Length..^"_type".Length];
        bool bound = false;
        foreach (string file in DiagText.Entries(zone, "cdev"))
        {
            if (!file.EndsWith("_trip_point", StringComparison.Ordinal) || DiagText.Read(file) != number) continue;
            bound = true;
            if (DiagText.Read(Path.Combine(file[..^"_trip_point".Length], "type")) is not { } type || Throttle.SlowsDown(type)) return true;
        }

        return !bound;
    }

    private sealed class Zone(string type, double celsius, double? trip)
    {
        public string Type => type;

        public double Celsius => celsius;

        public double? Trip => trip;
    }
}
