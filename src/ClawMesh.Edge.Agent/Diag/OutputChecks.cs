using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Each output: its state, and whether anything would show that it did something. Looks only.</summary>
internal sealed class OutputChecks
{
    private const string SafeStateFix = "`clawmesh-edge safe-state` sends every output to its safe value, now.";

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
            : _node.Presence == NodePresence.None ? await FromWiringAsync(binding)
            : CheckOutcome.Skip(_node.Reason);
        return wiring.Judge(binding.Policy.Actuator.Value, WithFeedback(binding, outcome));
    }

    // Without a node nothing may be claimed: a line that is requested is driven. Parts with an address can be asked whether they are there.
    private async Task<CheckOutcome> FromWiringAsync(ActuatorBinding binding)
    {
        string where = string.Join(", ", binding.Wiring.Where(w => Shown.Contains(w.Key)).Select(w => $"{w.Key} {w.Value}"));
        if (PartCatalog.Find(binding.Driver) is not { Bus: PartBus.I2c }) return CheckOutcome.Pass($"{binding.Driver} on {where}: free, and not driven by anybody").With("driver", binding.Driver);
        try
        {
            using var buses = new SiteBuses(_context.Host.Ports, Sites.BoardOf((await _context.SiteAsync()).Site!), _context.Time);
            buses.I2c(binding.Wiring.Text(BusKeys.Bus)).ReadRegister(binding.Wiring.Address(), 0);
            return CheckOutcome.Pass($"{binding.Driver} on {where}: answers, and is not driven by a node").With("driver", binding.Driver);
        }
        catch (EdgeException fault)
        {
            return CheckOutcome.Fail(fault).With("code", fault.Code);
        }
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
                ? CheckOutcome.Warn(FailureClass.Interlock, $"{state}, latched by {latch.Text("cause")}", $"See to the cause, then `clawmesh-edge release {policy.Actuator}`.").Because(latch.Text("why"))
            : seen.Number("leaseLeftMs") is { } left ? CheckOutcome.Pass($"{state}, {DiagText.Span(TimeSpan.FromMilliseconds(left))} of its lease left")
            : state == policy.Safe.ToString() ? CheckOutcome.Pass($"{state} (safe)")
            : CheckOutcome.Warn(FailureClass.Interlock, $"{state} without a lease", $"Run diag again; if it stays so, {SafeStateFix}");
        return outcome.With("state", state).With("latched", latch.ValueKind == JsonValueKind.Object);
    }

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
