using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>What this machine is and how it is doing.</summary>
internal sealed class PlatformGroup : IDiagGroup
{
    // The GPIO character device speaks its second dialect, the only one we use, since this version.
    private static readonly Version OldestKernel = new(5, 10);

    public string Name => "platform";

    public Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken)
    {
        DiagHost host = context.Host;
        string root = host.Root;

        // Several checks ask for it, each on a thread of its own.
        var facts = new Lazy<JetsonFacts>(() => JetsonFacts.Read(root));
        return Task.FromResult<IReadOnlyList<DiagCheck>>(
        [
            new(Name, "board", () => Board(host)),
            new(Name, "module", () => JetsonChecks.Module(facts.Value)),
            new(Name, "l4t", () => JetsonChecks.Release(facts.Value)),
            new(Name, "kernel", () => Kernel(host)),
            new(Name, "boot-slots", () => JetsonChecks.BootSlots(facts.Value, root)),
            new(Name, "power-mode", () => JetsonChecks.PowerMode(facts.Value)),
            new(Name, "cpu", () => Processor(host)),
            new(Name, "clocks", () => ClockRateCheck.Run(facts.Value, root)),
            new(Name, "memory", () => MachineChecks.Memory(host)),
            new(Name, "thermal", () => ThermalCheck.Run(host)) { DeadlineClass = FailureClass.Thermal },
            new(Name, "throttling", () => ThrottleCheck.Run(root)) { DeadlineClass = FailureClass.Thermal },
            new(Name, "fan", ct => FanCheck.RunAsync(facts.Value, root, context.Time, ct)) { Deadline = FanCheck.Deadline, DeadlineClass = FailureClass.Thermal },
            new(Name, "rails", () => RailCheck.Run(root)) { DeadlineClass = FailureClass.Power },
            new(Name, "watchdog", () => WatchdogCheck.Run(facts.Value, host)),
            new(Name, "flash", () => FlashWearCheck.Run(root)) { DeadlineClass = FailureClass.Storage },
            new(Name, "load", () => MachineChecks.Load(host)),
            new(Name, "uptime", () => MachineChecks.Uptime(host)),
        ]);
    }

    private static CheckOutcome Board(DiagHost host)
    {
        if (DiagText.Read(host.At("proc/device-tree/model")) is { } model) return CheckOutcome.Pass(model).With("model", model).With("source", "device-tree");
        if (DiagText.Read(host.At("sys/class/dmi/id/product_name")) is not { } product)
            return CheckOutcome.Skip("neither a device tree nor DMI names this machine; it may be a container");
        string full = DiagText.Read(host.At("sys/class/dmi/id/sys_vendor")) is { } vendor ? $"{vendor} {product}" : product;
        return CheckOutcome.Pass(full).With("model", full).With("source", "dmi");
    }

    private static CheckOutcome Kernel(DiagHost host)
    {
        string release = KernelRelease(host);
        string text = $"Linux {release} on {HostKernel.Machine}";
        string digits = new([.. release.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]);
        bool old = Version.TryParse(digits.TrimEnd('.'), out Version? version) && version < OldestKernel;
        CheckOutcome outcome = old
            ? CheckOutcome.Warn(FailureClass.Config, text, $"Use JetPack 5 or later, or any distribution with Linux {OldestKernel}; older kernels lack the GPIO interface this node drives pins with.")
            : CheckOutcome.Pass(text);
        return outcome.With("release", release).With("machine", HostKernel.Machine);
    }

    private static CheckOutcome Processor(DiagHost host) => CpuFeatures.Check(host.Root) is { } lacks
        ? CheckOutcome.Warn(FailureClass.Model, "the processor is older than the binary was built for", "Run on an x86-64-v3 processor, or build without IlcInstructionSet in aot/Aot.props for this machine.").Because(lacks)
        : CheckOutcome.Pass($"{DiagText.Count(Environment.ProcessorCount, "processor")} with every instruction the binary needs").With("processors", Environment.ProcessorCount);

    private static string KernelRelease(DiagHost host) => DiagText.Read(host.At("proc/sys/kernel/osrelease")) ?? HostKernel.Release;
}
