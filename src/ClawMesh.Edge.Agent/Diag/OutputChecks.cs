using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Each output: its state, and whether anything would show that it did something. Looks only.</summary>
internal sealed class OutputChecks
{
    private const string SafeStateFix = "`clawmesh-edge safe-state` sends every output to its safe value, now.";

    // A Tegra counts a PWM duty in 256 steps.
    private const double CoarsestStep = 1 / 256.0;

    private static readonly string[] Shown = ["line.pins", "line.chip", "line.lines", BusKeys.Bus, PartWiring.AddressKey, "output", BusKeys.PwmChip, BusKeys.PwmChannel];

    private readonly DiagContext _context;
    private readonly NodeAnswer _node;
    private readonly Lazy<IReadOnlyList<SimulatedOutputState>> _medium;

    public OutputChecks(DiagContext context, NodeAnswer node)
    {
        string path = SimulatedOutputs.PathIn(context.State.Path);
        (_context, _node, _medium) = (context, node, new(() => ReadMedium(path)));
    }

    public async Task<CheckOutcome> RunAsync(ActuatorBinding binding)
    {
        WiringFindings wiring = await _context.WiringAsync();
        CheckOutcome outcome =
            _node.Presence == NodePresence.Answers ? FromNode(binding.Policy, _node.Edge.Items("actuators").FirstOrDefault(a => a.Text("ref") == binding.Policy.Actuator.Value))
            : binding.Driver == SiteDrivers.Simulated ? FromMedium(binding.Policy)
            : _node.Presence != NodePresence.None ? CheckOutcome.Skip(_node.Reason)
            : wiring.WhyNotAsked(binding.Policy.Actuator.Value) is { Length: > 0 } why ? CheckOutcome.Skip(why)
            : await FromWiringAsync(binding);
        // Why an output could not be made safe at the start is known to the node alone.
        if (outcome.Status == CheckStatus.Fail)
            outcome = outcome.Because(_node.Edge.Items("subsystems").FirstOrDefault(s => s.Text("name") == binding.Policy.Actuator.Value).Text("detail"));
        return wiring.Judge(binding.Policy.Actuator.Value, WithFeedback(binding, outcome));
    }

    // Without a node nothing may be claimed: a line that is requested is driven. A part with an address and a PWM channel are only opened
    // for a look, which reads and writes nothing.
    private async Task<CheckOutcome> FromWiringAsync(ActuatorBinding binding)
    {
        string where = $"{binding.Driver} on {string.Join(", ", binding.Wiring.Where(w => Shown.Contains(w.Key)).Select(w => $"{w.Key} {w.Value}"))}";
        if (PartCatalog.Find(binding.Driver) is not OutputPart { Bus: PartBus.I2c or PartBus.Pwm } part) return CheckOutcome.Pass($"{where}: free, and not driven by anybody").With("driver", binding.Driver);
        DiagHost host = _context.Host;
        BoardDefinition? board = Sites.BoardOf((await _context.SiteAsync()).Site!);
        using var buses = new SiteBuses(host.Ports, board, _context.Time);
        OutputValue? state;
        try
        {
            // A read-back does not say why there is none.
            if (part.Bus == PartBus.I2c) buses.I2c(binding.Wiring.Text(BusKeys.Bus)).ReadRegister(binding.Wiring.Address(), 0);
            state = part.Open(new PartSite(host.Ports, buses, board, _context.Time), binding, null).ReadBack();
        }
        catch (EdgeException fault)
        {
            return CheckOutcome.Fail(fault).With("code", fault.Code);
        }

        OutputValue safe = binding.Policy.Safe;
        CheckOutcome outcome =
            state is not { } seen ? CheckOutcome.Pass($"{where}: {(part.Bus == PartBus.I2c ? "answers" : "is there")}, and drives nothing")
            : Math.Abs(seen.Ratio - safe.Ratio) <= CoarsestStep ? CheckOutcome.Pass($"{where}: {seen} (safe), and not driven by a node")
            : CheckOutcome.Fail(FailureClass.Interlock, $"is {seen} while no node runs: nothing will end it", SafeStateFix).Because($"its safe value is {safe}", where);
        return outcome.With("driver", binding.Driver).With("state", state?.ToString() ?? "");
    }

    internal static CheckOutcome FromNode(OutputPolicy policy, JsonElement seen)
    {
        if (seen.ValueKind != JsonValueKind.Object)
            return CheckOutcome.Fail(FailureClass.Config, "the running node does not have this output", "Restart the node, so that it runs the site as it stands.");

        string state = seen.Text("state");
        JsonElement latch = seen.Member("latch");
        CheckOutcome outcome =
            seen.Flag("safePending") ? CheckOutcome.Fail(FailureClass.BusIo, "was told to go safe and has not confirmed it", "Cut its supply by hand, then check its bus and wiring.")
            : state.Length == 0 ? CheckOutcome.Fail(FailureClass.BusIo, "its state cannot be read back", "Check its bus and wiring; nothing is armed before it answers.")
            : latch.ValueKind == JsonValueKind.Object
                ? CheckOutcome.Warn(FailureClass.Interlock, $"{state}, latched by {latch.Text("cause")}", $"{BeforeRelease(latch.Text("cause"))}, then `clawmesh-edge release {policy.Actuator}`.").Because(latch.Text("why"))
            : seen.Number("leaseLeftMs") is { } left ? CheckOutcome.Pass($"{state}, {DiagText.Span(TimeSpan.FromMilliseconds(left))} of its lease left")
            : state == policy.Safe.ToString() ? CheckOutcome.Pass($"{state} (safe)")
            : CheckOutcome.Warn(FailureClass.Interlock, $"{state} without a lease", $"Run diag again; if it stays so, {SafeStateFix}");
        return outcome.With("state", state).With("latched", latch.ValueKind == JsonValueKind.Object);
    }

    private static string BeforeRelease(string cause) => cause switch
    {
        "operator" => "Ask whoever said safe-state",
        "bus_io" => "Free its bus, as the checks of the parts on it say",
        _ => "Check the part, its supply and its wires",
    };

    private CheckOutcome FromMedium(OutputPolicy policy)
    {
        SimulatedOutputState? record;
        try
        {
            record = _medium.Value.FirstOrDefault(o => o.Ref == policy.Actuator.Value);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            record = null;
        }

        if (record is not { } stored) return CheckOutcome.Pass("never driven: the first start of the node makes it");
        OutputValue? state = stored.Ratio is >= 0 and <= 1 ? new OutputValue(stored.Ratio) : null;
        CheckOutcome outcome =
            state is null ? CheckOutcome.Fail(FailureClass.BusIo, "its record holds no state from 0 to 1", SafeStateFix)
            : state == policy.Safe ? CheckOutcome.Pass($"{state} (safe)")
            : _node.Presence switch
            {
                NodePresence.None => CheckOutcome.Fail(FailureClass.Interlock, $"is {state} while no node runs: nothing will end it", SafeStateFix).Because($"its safe value is {policy.Safe}"),
                NodePresence.Silent => CheckOutcome.Fail(FailureClass.Interlock, $"is {state}, and its node does not answer", $"{SafeStateFix} If that fails, stop process {_node.ProcessId} first.").Because($"its safe value is {policy.Safe}"),
                // Whether a node stands behind it cannot be seen, so nobody is blamed.
                _ => CheckOutcome.Pass($"{state}; {_node.Reason}"),
            };
        return outcome.With("state", state?.ToString() ?? "").With("writes", stored.Writes);
    }

    // A warning of its own only where nothing worse is to be said.
    private static CheckOutcome WithFeedback(ActuatorBinding binding, CheckOutcome outcome)
    {
        bool troubled = outcome.Status is CheckStatus.Fail or CheckStatus.Warn;
        if (binding.Effect is { } effect)
        {
            outcome = outcome.With("feedback", effect.Sensor.Value);
            return troubled ? outcome : outcome.Because($"its effect shows on {effect.Sensor} within {DiagText.Span(effect.Within)}");
        }

        const string Blind = "no effect is declared for it: no command will ever be done, only effect_unconfirmed";
        if (troubled) return outcome.Because(Blind).With("feedback", "");
        return CheckOutcome.Warn(FailureClass.ActuationUnconfirmed, $"{outcome.Summary}; no effect is declared", "Declare `effect` for it in the site file: a sensor that shows what it does.")
            .Because(Blind).With(outcome.Values).With("feedback", "");
    }

    private static IReadOnlyList<SimulatedOutputState> ReadMedium(string path) => SimulatedOutputs.ReadFile(path);
}
