using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>How fast processors, GPU and memory run now, and whether something pins them.</summary>
internal static class ClockRateCheck
{
    private const int MostShown = 8;

    public static CheckOutcome Run(JetsonFacts facts, string root)
    {
        ClockState state = ClockState.Read(root);
        if (state.Processors.Count == 0 && state.Gpu is null && !facts.IsJetson) return CheckOutcome.Skip("the kernel shows no clock that it can change");

        var parts = new List<string>();
        if (Fastest(state.Processors) is { } cpu) parts.Add($"CPU {Rate(cpu)}");
        if (state.Gpu is { } gpu) parts.Add($"GPU {Rate(gpu)}{(state.GpuPercent is { } percent ? string.Create(CultureInfo.InvariantCulture, $" at {percent:0} % load") : "")}");
        if (state.Memory is { } memory) parts.Add($"memory {Rate(memory)}");
        IEnumerable<string> details =
        [
            .. state.Processors.Take(MostShown).Select(p => $"{p.Name} {Rate(p)}{(p.Governor is { } governor ? $", {governor}" : "")}"),
            .. state.Gpu is { Governor: { } g } ? [$"gpu governor {g}"] : Array.Empty<string>(),
            .. facts.IsJetson && state.Memory is null ? ["the memory clock is for root to read"] : Array.Empty<string>(),
            .. state.Pinned == true ? ["every clock is held at one rate, as jetson_clocks does"] : Array.Empty<string>(),
        ];

        CheckOutcome outcome = facts.IsJetson && state.Gpu is null
            ? CheckOutcome.Warn(FailureClass.Gpu, string.Join(", ", [.. parts, "no GPU frequency node"]), "Its driver is not loaded, or still loading: `lsmod | grep -i nv` and `dmesg | grep -i gpu` tell; in a container, mount /sys.").Because(details)
            : CheckOutcome.Pass(string.Join(", ", parts)).Because(details);
        if (Fastest(state.Processors)?.Now is { } cpuNow) outcome = outcome.With("cpuMegahertz", cpuNow);
        if (state.Gpu?.Now is { } gpuNow) outcome = outcome.With("gpuMegahertz", gpuNow);
        if (state.GpuPercent is { } use) outcome = outcome.With("gpuPercent", use);
        if (state.Memory?.Now is { } memoryNow) outcome = outcome.With("memoryMegahertz", memoryNow);
        return state.Pinned is { } pinned ? outcome.With("pinned", pinned) : outcome;
    }

    private static ClockNow? Fastest(IReadOnlyList<ClockNow> clocks)
    {
        ClockNow? fastest = null;
        foreach (ClockNow clock in clocks)
        {
            if (fastest is null || clock.Now > (fastest.Now ?? 0)) fastest = clock;
        }

        return fastest;
    }

    private static string Rate(ClockNow clock) => clock.Now is not { } now
        ? "off"
        : clock.Max is { } max
            ? string.Create(CultureInfo.InvariantCulture, $"{now:0} of {max:0} MHz")
            : string.Create(CultureInfo.InvariantCulture, $"{now:0} MHz");
}
