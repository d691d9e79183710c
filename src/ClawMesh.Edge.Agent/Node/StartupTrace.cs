using System.Globalization;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Marks the moments of a start for the benchmarks: with <c>CLAWMESH_STARTUP_TRACE</c> naming a file, each mark is a line of
/// name and nanoseconds of the system's monotonic clock, appended as it happens. Off otherwise, at the cost of one null check.
/// </summary>
internal static class StartupTrace
{
    private static readonly string? File = Environment.GetEnvironmentVariable("CLAWMESH_STARTUP_TRACE");

    public static void Mark(string name)
    {
        if (File is null) return;
        double nanoseconds = System.Diagnostics.Stopwatch.GetTimestamp() * (1e9 / System.Diagnostics.Stopwatch.Frequency);
        System.IO.File.AppendAllText(File, $"{name} {nanoseconds.ToString("F0", CultureInfo.InvariantCulture)}\n");
    }
}
