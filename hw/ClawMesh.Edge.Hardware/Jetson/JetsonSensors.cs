using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>
/// What a Jetson measures about itself beyond any Linux machine. Everything is looked for on every machine: a power monitor or a fan
/// is the same on another board.
/// </summary>
internal sealed class JetsonSensors(HostSensorList list, string root, TimeProvider time)
{
    /// <summary>For what the kernel collects from several devices.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(10);

    /// <summary>For what only a person changes.</summary>
    private static readonly TimeSpan Settings = TimeSpan.FromSeconds(60);

    private const string Bus = "i2c:ina3221";

    private readonly HashSet<string> _claimed = new(StringComparer.Ordinal);
    private readonly List<RailSampler> _rails = [];

    /// <summary>Directories of hardware monitors whose channels are listed here under better names.</summary>
    internal IReadOnlySet<string> Claimed => _claimed;

    /// <summary>The figures an operator looks at first.</summary>
    internal void AddMain()
    {
        AddPower();
        AddClocks();
        AddFans();
        AddThrottling();
        string status = Path.Combine(root, PowerMode.StatusFile);
        Add("power-mode", HostQuantities.PowerMode, "file", 0, 1000, id => PowerMode.Sample(id, status), Settings);
    }

    /// <summary>Voltage and current of each rail; last, for the list has an end.</summary>
    internal void AddRailDetails()
    {
        foreach (RailSampler rail in _rails)
        {
            string name = HostSensorList.Slug(rail.Rail.Name);
            Add($"voltage:{name}", HostQuantities.Voltage, Bus, 0, 100, rail.Volts);
            Add($"current:{name}", HostQuantities.Current, Bus, -100, 100, rail.Amperes);
        }
    }

    private void AddPower()
    {
        foreach (PowerRail rail in PowerRail.Find(root))
        {
            _claimed.Add(rail.Directory);
            _rails.Add(new RailSampler(rail, time));
        }

        if (_rails.Count == 0) return;
        RailSampler[] all = [.. _rails];
        if (_rails.Find(r => r.Rail.IsTotal) is { } total) Add("power:total", HostQuantities.Power, Bus, -1000, 1000, total.Watts);
        else Add("power:sum-of-monitored-rails", HostQuantities.Power, Bus, -1000, 1000, id => Sum(id, all));
        foreach (RailSampler rail in _rails) Add($"power:{HostSensorList.Slug(rail.Rail.Name)}", HostQuantities.Power, Bus, -1000, 1000, rail.Watts);
    }

    private static double Sum(SensorId sensor, RailSampler[] rails)
    {
        double watts = 0;
        foreach (RailSampler rail in rails) watts += rail.Watts(sensor);
        return watts;
    }

    private void AddClocks()
    {
        // A Jetson has a GPU whether or not its driver is there yet.
        bool tegra = DeviceTree.Soc(DeviceTree.Compatibles(root)) is not null;
        WhenOff absent = tegra ? WhenOff.Keep : WhenOff.LeaveOut;
        var gpu = new GpuNode(root);
        Add("gpu-use", HostQuantities.GpuUse, "sysfs", 0, 100, gpu.Use, off: absent);
        Add("gpu-clock", HostQuantities.Clock, "sysfs", 0, 10_000, gpu.Megahertz, off: absent);

        if (EmcNode.Find(root) is { } emc)
        {
            Add("emc-clock", HostQuantities.Clock, "sysfs", 0, 20_000, id => KernelFile.ReadNumber(id, emc.RateFile) / 1e6);
            if (emc.ActivityFile is { } activity) Add("emc-use", HostQuantities.MemoryBusUse, "sysfs", 0, 100, id => EmcNode.Use(id, activity, emc.RateFile), off: WhenOff.LeaveOut);
        }

        // A PC has a policy per processor, and a list of those tells nobody anything.
        int most = tegra ? 8 : 2;
        string policies = Path.Combine(root, ClockState.Policies);
        foreach (string policy in KernelFile.Names(policies))
        {
            if (!policy.StartsWith("policy", StringComparison.Ordinal) || most-- <= 0) continue;
            string file = Path.Combine(policies, policy, "scaling_cur_freq");
            Add($"cpu-clock:{policy}", HostQuantities.Clock, "sysfs", 0, 20_000, id => CpuMegahertz(id, file), off: WhenOff.LeaveOut);
        }
    }

    private static double CpuMegahertz(SensorId sensor, string file)
    {
        try
        {
            return KernelFile.ReadNumber(sensor, file) / 1e3;
        }
        catch (EdgeException)
        {
            // Of a cluster that a power mode switched off, the file says "<unknown>" or is gone.
            return double.NaN;
        }
    }

    private void AddFans()
    {
        foreach (Fan fan in Fan.Find(root, _claimed))
        {
            if (fan.DutyFile is { } duty) Add($"fan-duty:{fan.Name}", HostQuantities.FanDuty, "sysfs", 0, 100, id => KernelFile.ReadNumber(id, duty) * 100.0 / 255);
            if (fan.SpeedFile is { } speed) Add($"fan:{fan.Name}", HostQuantities.FanSpeed, "sysfs", 0, 100_000, id => KernelFile.ReadNumber(id, speed));
        }
    }

    private void AddThrottling()
    {
        var files = new List<string>();
        foreach (Throttle device in Throttle.Find(root))
        {
            if (device.Slows) files.Add(device.StateFile);
        }

        if (files.Count > 0) Add("throttling", HostQuantities.Throttling, "sysfs", 0, 1000, id => HeldBack(id, files), Slow);
        foreach (SupplyEvents events in SupplyEvents.Find(root))
        {
            Add($"oc-events:{events.Name}", HostQuantities.SupplyEvents, "sysfs", 0, 1e12, id => KernelFile.ReadNumber(id, events.File), Slow);
        }
    }

    private static double HeldBack(SensorId sensor, List<string> files)
    {
        int count = 0;
        foreach (string file in files)
        {
            if (KernelFile.ReadNumber(sensor, file) > 0) count++;
        }

        return count;
    }

    private void Add(string name, Quantity quantity, string bus, double min, double max, Func<SensorId, double> sample, TimeSpan? every = null, WhenOff off = WhenOff.Fault) =>
        list.Add(name, quantity, bus, min, max, info => new ComputedSensor(info, sample, time), every: every, off: off);
}
