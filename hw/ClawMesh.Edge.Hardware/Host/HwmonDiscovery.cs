using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>
/// Channels of the kernel's hardware monitors and its thermal zones. Units: Documentation/hwmon/sysfs-interface.rst
/// (m°C, mV, mA, µW, RPM) and Documentation/driver-api/thermal/sysfs-api.rst (m°C).
/// </summary>
internal static class HwmonDiscovery
{
    private const string InputSuffix = "_input";
    private const string OneWireThermometer = "w1-slave-temp";
    private const double OffCelsius = -256;

    internal static void AddThermalZones(HostSensorList list, string root, TimeProvider time)
    {
        string directory = Path.Combine(root, "sys/class/thermal");
        foreach (string zone in KernelFile.Names(directory))
        {
            if (!zone.StartsWith("thermal_zone", StringComparison.Ordinal)) continue;
            string type = KernelFile.TryReadText(Path.Combine(directory, zone, "type")) ?? zone;
            string path = Path.Combine(directory, zone, "temp");

            // The PMIC zones of a Jetson say 100 °C whatever happens.
            if (type.Contains("PMIC", StringComparison.OrdinalIgnoreCase)) continue;

            // A GPU that idles may be off at this moment; other engines that are off mostly stay so.
            WhenOff off = type.Contains("gpu", StringComparison.OrdinalIgnoreCase) ? WhenOff.Keep : WhenOff.LeaveOut;
            list.Add(
                $"temp:{HostSensorList.Slug(type)}", HostQuantities.Temperature, "sysfs", -60, 150,
                info => new ComputedSensor(info, id => ZoneCelsius(id, path), time), off: off);
        }
    }

    // Either the kernel refuses, or it gives this figure, when the part has no power.
    private static double ZoneCelsius(SensorId sensor, string path)
    {
        double celsius = KernelFile.ReadNumberOrOff(sensor, path) / 1000;
        return celsius > OffCelsius ? celsius : double.NaN;
    }

    /// <param name="claimed">Directories whose channels are listed under other names.</param>
    internal static void AddHwmon(HostSensorList list, string root, TimeProvider time, IReadOnlySet<string> claimed)
    {
        HashSet<string> zones = ZoneTypes(root);
        string directory = Path.Combine(root, "sys/class/hwmon");
        foreach (string device in KernelFile.Names(directory))
        {
            string deviceDirectory = Path.Combine(directory, device);
            string chip = HostSensorList.Slug(KernelFile.TryReadText(Path.Combine(deviceDirectory, "name")) ?? device);

            // The thermal framework shows each zone as a hwmon chip as well; the zone is listed already.
            if (zones.Contains(chip) || claimed.Contains(deviceDirectory)) continue;

            // Thermometers on 1-wire: each read holds the whole bus for a conversion of 750 ms, which the site's own readings need.
            if (chip == OneWireThermometer) continue;
            foreach (string file in KernelFile.Names(deviceDirectory))
            {
                if (file.EndsWith(InputSuffix, StringComparison.Ordinal)) AddChannel(list, deviceDirectory, chip, file[..^InputSuffix.Length], time);
            }
        }
    }

    private static void AddChannel(HostSensorList list, string deviceDirectory, string chip, string channel, TimeProvider time)
    {
        string kind = channel.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        (string Word, Quantity Quantity, double UnitsPerOne, double Min, double Max)? known = kind switch
        {
            "temp" => ("temp", HostQuantities.Temperature, 1000, -60, 150),
            "in" => ("voltage", HostQuantities.Voltage, 1000, -100, 1000),
            "curr" => ("current", HostQuantities.Current, 1000, -1000, 1000),
            "power" => ("power", HostQuantities.Power, 1_000_000, -10_000, 10_000),
            "fan" => ("fan", HostQuantities.FanSpeed, 1, 0, 100_000),
            _ => null,
        };
        if (known is not { } scale) return;

        string label = HostSensorList.Slug(KernelFile.TryReadText(Path.Combine(deviceDirectory, channel + "_label")) ?? channel);
        string path = Path.Combine(deviceDirectory, channel + InputSuffix);
        list.Add(
            $"{scale.Word}:{chip}-{label}", scale.Quantity, $"hwmon:{chip}", scale.Min, scale.Max,
            info => new ScaledFileSensor(info, path, scale.UnitsPerOne, time));
    }

    // hwmon names cannot hold a hyphen, so "cpu-thermal" is "cpu_thermal" there; as slugs they are equal again.
    private static HashSet<string> ZoneTypes(string root)
    {
        string directory = Path.Combine(root, "sys/class/thermal");
        return
        [
            .. KernelFile.Names(directory)
                .Select(zone => KernelFile.TryReadText(Path.Combine(directory, zone, "type")))
                .OfType<string>()
                .Select(HostSensorList.Slug),
        ];
    }
}
