namespace ClawMesh.Edge.Benchmarks;

/// <summary>How large the binary is, all libraries linked.</summary>
internal static class SizeBench
{
    private const double BudgetMegabytes = 16;

    public static void Run(string binary, FigureTable table)
    {
        double megabytes = new FileInfo(binary).Length / 1e6;
        table.Add("AOT binary, linux-x64", $"{megabytes:0.0} MB", "≤ 16 MB", megabytes <= BudgetMegabytes);
    }
}
