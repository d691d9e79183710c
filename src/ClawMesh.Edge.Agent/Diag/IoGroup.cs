using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Buses and who may use them, the site, each sensor read once, each output looked at. Nothing is claimed, written or energised.</summary>
internal sealed class IoGroup : IDiagGroup
{
    public string Name => "io";

    public async Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken)
    {
        DiagHost host = context.Host;
        List<DiagCheck> checks =
        [
            new(Name, "gpio", () => BusChecks.Gpio(host)),
            new(Name, "i2c", () => BusChecks.I2c(host)),
            new(Name, "spi", () => BusChecks.Spi(host)),
            new(Name, "1-wire", () => BusChecks.OneWire(host)),
            new(Name, "pwm", () => BusChecks.Pwm(host)),
            new(Name, "serial", () => BusChecks.Serial(host)),
            new(Name, "site", async _ => (await context.SiteAsync()).Outcome),
        ];

        NodeAnswer node = await context.NodeAsync();
        if ((await context.SiteAsync()).Site is { } site)
        {
            var sensors = new SensorChecks(context, node);
            var outputs = new OutputChecks(context, node);
            checks.AddRange(site.Sensors.Select(s => new DiagCheck(Name, s.Info.Id.Value, ct => sensors.RunAsync(s.Info, ct)) { DeadlineClass = FailureClass.BusIo }));
            checks.AddRange(site.Actuators.Select(a => new DiagCheck(Name, a.Policy.Actuator.Value, () => outputs.Run(a)) { DeadlineClass = FailureClass.BusIo }));
        }

        checks.Add(new DiagCheck(Name, "host-sensors", ct => HostSensorCheck.RunAsync(context, node, ct)) { DeadlineClass = FailureClass.BusIo });
        return checks;
    }
}
