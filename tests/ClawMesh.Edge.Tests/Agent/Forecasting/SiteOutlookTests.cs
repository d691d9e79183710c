using ClawMesh.Edge.Agent.Forecasting;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Forecasting;

public sealed class SiteOutlookTests
{
    [Fact]
    public void A_machines_temperatures_are_those_its_discovery_lists()
    {
        // They were looked for under a name nothing has, so no inference was ever put off for heat.
        using var root = new ScratchDirectory();
        root.Put("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
        root.Put("sys/class/thermal/thermal_zone0/temp", "48250\n");

        var sensors = HostSensors.Discover(root.Path, new ManualTime(), []);

        Assert.Equal(["sensor:host:temp:cpu-thermal"], SiteOutlook.ThermalsOf(sensors).Select(i => i.Id.Value));
    }
}
