using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.World.Anomalies;

namespace ClawMesh.Edge.Tests.World.Anomalies;

public class AnomalySiteTests
{
    [Fact]
    public void The_site_file_says_which_meter_sees_which_valve_and_what_a_pump_draws_from()
    {
        AnomalySite site = AnomalySite.Of(new SiteCatalog(new BoardCatalog("/nonexistent"), "/nonexistent").Read("simulated").Site!);

        WaterLine line = Assert.Single(site.Lines);
        Assert.Equal(new Measured("line:mainline-01", "flow", "l/min"), line.Flow);
        Assert.Equal(0.75, line.LeakAbove);
        Assert.Equal(["actuator:valve:zone-1", "actuator:valve:zone-2", "actuator:valve:zone-3", "actuator:valve:zone-4"], line.Valves.Select(v => v.Actuator));
        Assert.All(line.Valves, v => Assert.Equal(2, v.ExpectedFlow));

        PumpWiring pump = Assert.Single(site.Pumps);
        Assert.Equal(("actuator:pump:P1", new Measured("zone:P1", "current", "A"), 1.0), (pump.Actuator, pump.Current, pump.AtLeast));
        Assert.Same(line, pump.Line);
        Assert.Equal(new Measured("tank:tank-1", "level", "%"), pump.Tank);
        Assert.Equal(25, pump.LowLevel);
        Assert.Equal(["actuator:valve:zone-3"], site.ValvesOfZone["zone-3"]);
    }
}
