using System.Globalization;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Jetson;

/// <summary>
/// What each family of boards lists about itself beyond the figures of any Linux machine, in order, with the values of its constructed
/// tree. NaN is a part that is switched off.
/// </summary>
public sealed class JetsonSensorListTests
{
    private static readonly string[] OfAnyMachine = ["mem-available", "mem-available-bytes", "cpu-use", "load-1m", "uptime", "cpu-pressure", "net-rx:eth0", "net-tx:eth0"];

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Every_family_lists_its_own_sensors_once_with_their_values(string family, string expected)
    {
        using var root = new ScratchDirectory();
        JetsonTrees.Unpack(family, root.Path);

        IReadOnlyList<ISensor> sensors = HostSensors.Discover(root.Path, new ManualTime(), []);

        var lines = new List<string>();
        foreach (ISensor sensor in sensors)
        {
            string name = sensor.Info.Id.Value["sensor:host:".Length..];
            if (OfAnyMachine.Contains(name)) continue;
            double value = (await sensor.ReadAsync(TestContext.Current.CancellationToken)).Value;
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {Math.Round(value, 4)} {sensor.Info.Quantity.Unit}").TrimEnd());
            Assert.True(double.IsNaN(value) ? sensor.Info.MayBeOff : value >= sensor.Info.ValidMin && value <= sensor.Info.ValidMax, lines[^1]);
        }

        Assert.Equal(expected.Split('\n'), lines);
        Assert.True(sensors.Count <= HostSensors.MaxSensors);
    }

    public static TheoryData<string, string> Families => new()
    {
        {
            "orin-nano",
            """
            power:total 5.5377 W
            power:vdd-in 5.5377 W
            power:vdd-cpu-gpu-cv 1.2019 W
            power:vdd-soc 1.6026 W
            gpu-use 12.3 %
            gpu-clock 408 MHz
            cpu-clock:policy0 1344 MHz
            cpu-clock:policy4 1190.4 MHz
            fan-duty:pwmfan 30.1961 %
            fan:pwmfan 2140 RPM
            throttling 0
            oc-events:oc1 0
            oc-events:oc2 0
            oc-events:oc3 0
            power-mode 1
            temp:cpu-thermal 51.718 °C
            temp:gpu-thermal 50.5 °C
            temp:soc0-thermal 49.812 °C
            temp:tj-thermal 51.718 °C
            swap-use 10 %
            zram 24576 B
            voltage:vdd-in 5.016 V
            current:vdd-in 1.104 A
            voltage:vdd-cpu-gpu-cv 5.008 V
            current:vdd-cpu-gpu-cv 0.24 A
            voltage:vdd-soc 5.008 V
            current:vdd-soc 0.32 A
            """
        },
        {
            "agx-orin",
            """
            power:sum-of-monitored-rails 9.0986 W
            power:vdd-gpu-soc 3.1629 W
            power:vdd-cpu-cv 1.5814 W
            power:vin-sys-5v0 3.8486 W
            power:vddq-vdd2-1v8ao 0.5056 W
            gpu-use 0 %
            gpu-clock 306 MHz
            cpu-clock:policy0 1728 MHz
            cpu-clock:policy4 1190.4 MHz
            cpu-clock:policy8 729.6 MHz
            fan-duty:pwmfan 20 %
            fan:pwmfan 1180 RPM
            throttling 0
            oc-events:oc1 0
            oc-events:oc2 0
            oc-events:oc3 0
            power-mode 2
            temp:cpu-therm 47.5 °C
            temp:gpu-therm NaN °C
            temp:tboard-tegra 38 °C
            temp:tj-therm 47.5 °C
            flash-wear:mmcblk0 20 %
            voltage:vdd-gpu-soc 19.768 V
            current:vdd-gpu-soc 0.16 A
            voltage:vdd-cpu-cv 19.768 V
            current:vdd-cpu-cv 0.08 A
            voltage:vin-sys-5v0 5.064 V
            current:vin-sys-5v0 0.76 A
            voltage:vddq-vdd2-1v8ao 5.056 V
            current:vddq-vdd2-1v8ao 0.1 A
            """
        },
        {
            "xavier-nx",
            """
            power:total 4.8768 W
            power:vdd-in 4.8768 W
            power:vdd-cpu-gpu-cv 1.4202 W
            power:vdd-soc 1.2173 W
            gpu-use 48.7 %
            gpu-clock 803.25 MHz
            cpu-clock:policy0 1190.4 MHz
            cpu-clock:policy2 1190.4 MHz
            fan-duty:pwmfan 40 %
            fan:pwmfan 3050 RPM
            throttling 0
            power-mode 2
            temp:cpu-therm 45 °C
            temp:gpu-therm 44.5 °C
            temp:aux-therm 44 °C
            temp:ao-therm 44.5 °C
            swap-use 0 %
            flash-wear:mmcblk0 20 %
            voltage:vdd-in 5.08 V
            current:vdd-in 0.96 A
            voltage:vdd-cpu-gpu-cv 5.072 V
            current:vdd-cpu-gpu-cv 0.28 A
            voltage:vdd-soc 5.072 V
            current:vdd-soc 0.24 A
            """
        },
        {
            "agx-xavier",
            """
            power:sum-of-monitored-rails 5.4501 W
            power:gpu 0.7109 W
            power:cpu 0.9478 W
            power:soc 1.4218 W
            power:cv 0 W
            power:vddrq 0.4739 W
            power:sys5v 1.8957 W
            gpu-use 0 %
            gpu-clock 114.75 MHz
            emc-clock 1331.2 MHz
            emc-use 5 %
            cpu-clock:policy0 1190.4 MHz
            cpu-clock:policy2 1190.4 MHz
            fan-duty:pwm-fan 25.098 %
            fan:pwm-fan 1350 RPM
            throttling 0
            power-mode 2
            temp:cpu-therm 33.5 °C
            temp:gpu-therm 32.5 °C
            temp:aux-therm 32.5 °C
            temp:ao-therm 32 °C
            temp:tboard-tegra 31 °C
            swap-use 0 %
            flash-wear:mmcblk0 10 %
            voltage:gpu 11.848 V
            current:gpu 0.06 A
            voltage:cpu 11.848 V
            current:cpu 0.08 A
            voltage:soc 11.848 V
            current:soc 0.12 A
            voltage:cv 11.848 V
            current:cv 0 A
            voltage:vddrq 11.848 V
            current:vddrq 0.04 A
            voltage:sys5v 11.848 V
            current:sys5v 0.16 A
            """
        },
        {
            "tx2",
            """
            power:total 4.5754 W
            power:vdd-sys-gpu 1.9 W
            power:vdd-sys-soc 0.76 W
            power:vdd-4v0-wifi 0.096 W
            power:vdd-in 4.5754 W
            power:vdd-sys-cpu 0.5719 W
            power:vdd-sys-ddr 1.1438 W
            gpu-use 100 %
            gpu-clock 1122 MHz
            emc-clock 1866 MHz
            emc-use 10 %
            cpu-clock:policy0 345.6 MHz
            fan-duty:pwm-fan 0 %
            fan:pwm-fan 0 RPM
            throttling 0
            power-mode 3
            temp:bcpu-therm 41.5 °C
            temp:mcpu-therm 41.5 °C
            temp:gpu-therm 43 °C
            temp:pll-therm 41.5 °C
            temp:tboard-tegra 36 °C
            temp:tdiode-tegra 39.25 °C
            temp:thermal-fan-est 41.7 °C
            swap-use 0 %
            flash-wear:mmcblk0 30 %
            voltage:vdd-sys-gpu 19 V
            current:vdd-sys-gpu 0.1 A
            voltage:vdd-sys-soc 19 V
            current:vdd-sys-soc 0.04 A
            voltage:vdd-4v0-wifi 4.8 V
            current:vdd-4v0-wifi 0.02 A
            voltage:vdd-in 19.064 V
            current:vdd-in 0.24 A
            voltage:vdd-sys-cpu 19.064 V
            current:vdd-sys-cpu 0.03 A
            voltage:vdd-sys-ddr 19.064 V
            current:vdd-sys-ddr 0.06 A
            """
        },
        {
            "nano",
            """
            power:total 2.0352 W
            power:pom-5v-in 2.0352 W
            power:pom-5v-gpu 0.0813 W
            power:pom-5v-cpu 0.508 W
            gpu-use 0 %
            gpu-clock 76.8 MHz
            cpu-clock:policy0 1479 MHz
            fan-duty:pwm-fan 0 %
            throttling 0
            power-mode 0
            temp:ao-therm 37.5 °C
            temp:cpu-therm 31 °C
            temp:gpu-therm 29.5 °C
            temp:pll-therm 30 °C
            temp:thermal-fan-est 30.25 °C
            swap-use 50 %
            voltage:pom-5v-in 5.088 V
            current:pom-5v-in 0.4 A
            voltage:pom-5v-gpu 5.08 V
            current:pom-5v-gpu 0.016 A
            voltage:pom-5v-cpu 5.08 V
            current:pom-5v-cpu 0.1 A
            """
        },
        {
            "thor",
            """
            power:sum-of-monitored-rails 28.1171 W
            power:vdd-gpu 7.7056 W
            power:vdd-cpu-soc-mss 11.5584 W
            power:vin-sys-5v0 8.8531 W
            gpu-use 42 %
            gpu-clock 315 MHz
            emc-clock 665.6 MHz
            cpu-clock:policy0 972 MHz
            cpu-clock:policy2 974 MHz
            cpu-clock:policy4 976 MHz
            cpu-clock:policy6 978 MHz
            cpu-clock:policy8 980 MHz
            cpu-clock:policy10 982 MHz
            cpu-clock:policy12 984 MHz
            fan-duty:pwmfan 22.7451 %
            fan:pwmfan 1773 RPM
            throttling 0
            oc-events:oc1 0
            oc-events:oc2 0
            oc-events:oc3 0
            power-mode 1
            temp:cpu-thermal 54.7 °C
            temp:gpu-thermal NaN °C
            temp:soc012-thermal 53.2 °C
            temp:soc345-thermal 53.9 °C
            temp:tj-thermal 54.7 °C
            temp:nvme-composite 38.85 °C
            temp:tmp451-temp1 47 °C
            temp:tmp451-temp2 49 °C
            voltage:vdd-gpu 12.04 V
            current:vdd-gpu 0.64 A
            voltage:vdd-cpu-soc-mss 12.04 V
            current:vdd-cpu-soc-mss 0.96 A
            voltage:vin-sys-5v0 5.088 V
            current:vin-sys-5v0 1.74 A
            """
        },
    };
}
