using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>What this machine is and how it is doing. Addresses: hw/jetson-boards.md, Documentation/filesystems/proc.rst.</summary>
internal sealed class PlatformGroup : IDiagGroup
{
    // The GPIO character device speaks its second dialect, the only one we use, since this version.
    private static readonly Version OldestKernel = new(5, 10);

    private const double MemoryWarnPercent = 10;
    private const double MemoryFailPercent = 3;

    /// <summary>Waiting tasks per processor over five minutes, from which on nothing is done in time.</summary>
    private const double BusyLoadPerProcessor = 2;

    public string Name => "platform";

    public Task<IReadOnlyList<DiagCheck>> ChecksAsync(DiagContext context, CancellationToken cancellationToken)
    {
        DiagHost host = context.Host;
        return Task.FromResult<IReadOnlyList<DiagCheck>>(
        [
            new(Name, "board", () => Board(host)),
            new(Name, "l4t", () => Tegra(host)),
            new(Name, "kernel", () => Kernel(host)),
            new(Name, "cpu", () => Processor(host)),
            new(Name, "memory", () => Memory(host)),
            new(Name, "thermal", () => ThermalCheck.Run(host)) { DeadlineClass = FailureClass.Thermal },
            new(Name, "load", () => Load(host)),
            new(Name, "uptime", () => Uptime(host)),
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

    private static CheckOutcome Tegra(DiagHost host)
    {
        if (DiagText.Read(host.At("etc/nv_tegra_release")) is { } release)
        {
            // # R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, … The field BOARD is known to be wrong on many images.
            string first = release.Split('\n')[0];
            string major = Between(first, "# R", " ");
            string revision = Between(first, "REVISION: ", ",");
            string text = major.Length > 0 && revision.Length > 0 ? $"{major}.{revision}" : first;
            return CheckOutcome.Pass($"L4T {text}").Because(first).With("l4t", text);
        }

        return KernelRelease(host).Contains("tegra", StringComparison.Ordinal)
            ? CheckOutcome.Warn(FailureClass.Config, "a Tegra kernel without /etc/nv_tegra_release", "Install the package nvidia-l4t-core, or flash the board with a JetPack image.")
            : CheckOutcome.Skip("not a Jetson: there is no /etc/nv_tegra_release");
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

    private static CheckOutcome Memory(DiagHost host)
    {
        Dictionary<string, double> kibibytes = new(StringComparer.Ordinal);
        foreach (string line in (DiagText.Read(host.At("proc/meminfo")) ?? "").Split('\n'))
        {
            string[] fields = line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 1 && double.TryParse(fields[1], CultureInfo.InvariantCulture, out double number)) kibibytes[fields[0]] = number;
        }

        if (!kibibytes.TryGetValue("MemAvailable", out double available) || !kibibytes.TryGetValue("MemTotal", out double total) || total <= 0)
            return CheckOutcome.Skip("/proc/meminfo does not tell");

        const string Fix = "Find what uses it with `ps aux --sort=-rss | head` and stop or limit that.";
        double percent = 100 * available / total;
        string text = string.Create(CultureInfo.InvariantCulture, $"{DiagText.Bytes(available * 1024)} of {DiagText.Bytes(total * 1024)} available ({percent:0} %)");
        CheckOutcome outcome =
            percent < MemoryFailPercent ? CheckOutcome.Fail(FailureClass.Budget, text, Fix)
            : percent < MemoryWarnPercent ? CheckOutcome.Warn(FailureClass.Budget, text, Fix)
            : CheckOutcome.Pass(text);
        return outcome.With("availableBytes", available * 1024).With("totalBytes", total * 1024);
    }

    private static CheckOutcome Load(DiagHost host)
    {
        string[] fields = (DiagText.Read(host.At("proc/loadavg")) ?? "").Split(' ');
        if (fields.Length < 3 || !double.TryParse(fields[0], CultureInfo.InvariantCulture, out double one) || !double.TryParse(fields[1], CultureInfo.InvariantCulture, out double five))
            return CheckOutcome.Skip("/proc/loadavg does not tell");
        string text = $"{fields[0]}, {fields[1]}, {fields[2]} over 1, 5 and 15 minutes on {DiagText.Count(Environment.ProcessorCount, "processor")}";
        CheckOutcome outcome = five > BusyLoadPerProcessor * Environment.ProcessorCount
            ? CheckOutcome.Warn(FailureClass.Budget, text, "See what keeps the machine busy with `top`; an overloaded node ends leases late.")
            : CheckOutcome.Pass(text);
        return outcome.With("load1m", one).With("load5m", five);
    }

    private static CheckOutcome Uptime(DiagHost host)
    {
        string first = (DiagText.Read(host.At("proc/uptime")) ?? "").Split(' ')[0];
        return double.TryParse(first, CultureInfo.InvariantCulture, out double seconds)
            ? CheckOutcome.Pass($"up {DiagText.Span(TimeSpan.FromSeconds(seconds))}").With("uptimeSeconds", seconds)
            : CheckOutcome.Skip("/proc/uptime does not tell");
    }

    private static string KernelRelease(DiagHost host) => DiagText.Read(host.At("proc/sys/kernel/osrelease")) ?? HostKernel.Release;

    private static string Between(string text, string before, string after)
    {
        int start = text.IndexOf(before, StringComparison.Ordinal);
        if (start < 0) return "";
        start += before.Length;
        int end = text.IndexOf(after, start, StringComparison.Ordinal);
        return end < 0 ? "" : text[start..end];
    }
}
