using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Buses and who may use them, the site, each sensor read once, each output looked at. No output is claimed, written or energised; a contact's line is held while it is read.</summary>
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
            if (!site.Simulated)
            {
                checks.Add(new DiagCheck(Name, "wiring", async _ => Wiring(site, await context.WiringAsync())));
                checks.Add(new DiagCheck(Name, "pinmux", async _ => Pinmux(await context.WiringAsync())));
            }

            checks.AddRange(site.Sensors.Select(s => OfBus(s.Info.Id.Value, s.Info.Bus, SensorChecks.DeadlineOf(s, site), ct => sensors.RunAsync(s, ct))));
            checks.AddRange(site.Actuators.Select(a => OfBus(a.Policy.Actuator.Value, a.Wiring.GetValueOrDefault(SiteDrivers.BusKey, ""), DiagCheck.DefaultDeadline, _ => outputs.RunAsync(a))));
        }

        checks.Add(new DiagCheck(Name, "host-sensors", ct => HostSensorCheck.RunAsync(context, node, ct)) { DeadlineClass = FailureClass.BusIo });
        return checks;
    }

    private DiagCheck OfBus(string name, string bus, TimeSpan deadline, Func<CancellationToken, Task<CheckOutcome>> run) => new(Name, name, run)
    {
        Deadline = deadline,
        DeadlineClass = FailureClass.BusIo,
        OnDeadline = bus.Length == 0 ? null : () => CheckOutcome.Fail(
            FailureClass.BusIo, $"bus '{bus}' gave no answer within {DiagText.Span(deadline)}",
            "Look for the part that holds the bus: unplug them one after the other; `dmesg | tail` says what the kernel tried. A restart of the machine frees a bus that hangs in the kernel.")
            .Because("a transfer on it hangs, and whatever else is on it waits; the other buses were asked"),
    };

    // Not looked at is neither good nor bad, and is told as what it is.
    private static CheckOutcome Pinmux(WiringFindings wiring) =>
        wiring.Pinmux.Length > 0 ? CheckOutcome.Skip($"not judged: {wiring.Pinmux}")
        : wiring.WrongPads > 0
            ? CheckOutcome.Fail(FailureClass.Config, $"{DiagText.Count(wiring.WrongPads, "pad")} switched so that the pin does not follow its line", "The checks of the parts below name pin, register, bit and the line of an overlay for each.").With("wrong", wiring.WrongPads)
        : CheckOutcome.Pass("every pad in use is switched as its part needs it, as probed since this start");

    // The entries' own checks say the details; here is what belongs to none of them.
    private static CheckOutcome Wiring(Site site, WiringFindings wiring)
    {
        int errors = wiring.All.Count(c => c.Severity == ProblemSeverity.Error);
        string summary = $"{DiagText.Count(site.Sensors.Count + site.Actuators.Count, "part")} on board {site.Board}, {DiagText.Count(errors, "conflict")}";
        CheckOutcome outcome = wiring.Of("") is [{ } first, ..]
            ? first.Severity == ProblemSeverity.Error ? CheckOutcome.Fail(first.Class, first.What, first.Fix) : CheckOutcome.Warn(first.Class, first.What, first.Fix)
            : errors > 0 ? CheckOutcome.Fail(FailureClass.Config, summary, "The checks of the parts below name each and its fix; `clawmesh-edge board check` lists them all.")
            : CheckOutcome.Pass(summary);
        return outcome.With("conflicts", errors);
    }
}
