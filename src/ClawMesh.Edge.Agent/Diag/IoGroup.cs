using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;

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
            if (!site.Simulated) checks.Add(new DiagCheck(Name, "wiring", async _ => Wiring(site, await context.WiringAsync())));
            checks.AddRange(site.Sensors.Select(s => new DiagCheck(Name, s.Info.Id.Value, ct => sensors.RunAsync(s, ct)) { DeadlineClass = FailureClass.BusIo }));
            checks.AddRange(site.Actuators.Select(a => new DiagCheck(Name, a.Policy.Actuator.Value, _ => outputs.RunAsync(a)) { DeadlineClass = FailureClass.BusIo }));
        }

        checks.Add(new DiagCheck(Name, "host-sensors", ct => HostSensorCheck.RunAsync(context, node, ct)) { DeadlineClass = FailureClass.BusIo });
        return checks;
    }

    // The entries' own checks say the details; here is what belongs to none of them, and whether the pads were looked at.
    private static CheckOutcome Wiring(Site site, WiringFindings wiring)
    {
        int errors = wiring.All.Count(c => c.Severity == ProblemSeverity.Error);
        string summary = $"{DiagText.Count(site.Sensors.Count + site.Actuators.Count, "part")} on board {site.Board}, {DiagText.Count(errors, "conflict")}";
        CheckOutcome outcome = wiring.Of("") is [{ } first, ..]
            ? first.Severity == ProblemSeverity.Error ? CheckOutcome.Fail(first.Class, first.What, first.Fix) : CheckOutcome.Warn(first.Class, first.What, first.Fix)
            : errors > 0 ? CheckOutcome.Fail(FailureClass.Config, summary, "The checks of the parts below name each and its fix; `clawmesh-edge board check` lists them all.")
            : CheckOutcome.Pass(summary);
        return outcome.Because(wiring.Pinmux.Length > 0 ? $"pinmux not judged: {wiring.Pinmux}" : "pinmux judged from this boot's probe").With("conflicts", errors);
    }
}
