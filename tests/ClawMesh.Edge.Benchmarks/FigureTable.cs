namespace ClawMesh.Edge.Benchmarks;

/// <summary>Figures beside their budgets, as a markdown table.</summary>
internal sealed class FigureTable
{
    private readonly List<(string What, string Figure, string Budget, bool? Met)> _rows = [];

    /// <param name="met">Null where there is no budget.</param>
    public void Add(string what, string figure, string budget, bool? met)
    {
        _rows.Add((what, figure, budget, met));
        Console.Error.WriteLine($"{what}: {figure}");
    }

    public void Print(TextWriter output)
    {
        output.WriteLine("| what | measured | budget | |");
        output.WriteLine("|---|---|---|---|");
        foreach ((string what, string figure, string budget, bool? met) in _rows)
        {
            output.WriteLine($"| {what} | {figure} | {budget} | {met switch { true => "met", false => "**missed**", null => "" }} |");
        }
    }
}

/// <summary>Percentiles by nearest rank; nothing is interpolated or left out.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public int Count => _values.Count;

    public void Add(double value) => _values.Add(value);

    public double Percentile(double percent)
    {
        _values.Sort();
        return _values[Math.Clamp((int)Math.Ceiling(percent / 100 * _values.Count) - 1, 0, _values.Count - 1)];
    }

    public double Max => Percentile(100);
}

internal static class Machine
{
    public static string Describe()
    {
        string cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown CPU";
        string kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        return $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores {cpu}, kernel {kernel}, load {load} at start.";
    }
}
