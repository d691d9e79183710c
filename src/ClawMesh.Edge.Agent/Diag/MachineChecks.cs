using System.Globalization;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Memory, load and uptime of any Linux machine (Documentation/filesystems/proc.rst).</summary>
internal static class MachineChecks
{
    private const double MemoryWarnPercent = 10;
    private const double MemoryFailPercent = 3;

    /// <summary>Waiting tasks per processor over five minutes, from which on nothing is done in time.</summary>
    private const double BusyLoadPerProcessor = 2;

    public static CheckOutcome Memory(DiagHost host)
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

    public static CheckOutcome Load(DiagHost host)
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

    public static CheckOutcome Uptime(DiagHost host)
    {
        string first = (DiagText.Read(host.At("proc/uptime")) ?? "").Split(' ')[0];
        return double.TryParse(first, CultureInfo.InvariantCulture, out double seconds)
            ? CheckOutcome.Pass($"up {DiagText.Span(TimeSpan.FromSeconds(seconds))}").With("uptimeSeconds", seconds)
            : CheckOutcome.Skip("/proc/uptime does not tell");
    }
}
