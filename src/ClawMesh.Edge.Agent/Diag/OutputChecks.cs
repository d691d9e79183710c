using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Each output: its state, and whether anything would show that it did something. Looks only.</summary>
internal sealed class OutputChecks
{
    private const string SafeStateFix = "`clawmesh-edge safe-state` sends every output to its safe value, now.";

    private readonly NodeAnswer _node;
    private readonly Lazy<IReadOnlyList<SimulatedOutputState>> _medium;

    public OutputChecks(DiagContext context, NodeAnswer node)
    {
        string path = SimulatedOutputs.PathIn(context.State.Path);
        (_node, _medium) = (node, new(() => ReadMedium(path)));
    }

    public CheckOutcome Run(ActuatorBinding binding) => WithFeedback(
        binding, _node.Presence == NodePresence.Answers ? FromNode(binding.Policy, _node.Edge.Items("actuators").FirstOrDefault(a => a.Text("ref") == binding.Policy.Actuator.Value))
        : binding.Driver == SiteDrivers.Simulated ? FromMedium(binding.Policy)
        : CheckOutcome.Skip($"this build cannot look at driver '{binding.Driver}' without a node"));

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
