using System.Diagnostics;
using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>Every fault on one machine, and the table.</summary>
internal static class FaultRun
{
    public static int Run(RigFolders folders, NodeProgram node, bool volatileCache)
    {
        long began = Stopwatch.GetTimestamp();
        using var bench = new FaultBench(folders, node, volatileCache);
        var faults = new Faults(bench);
        var rows = new List<FaultRow>();
        (string, Action<FaultRow>)[] all =
        [
            ("cold boot", faults.ColdBoot),
            ("SIGKILL", faults.Killed),
            ("out of memory", faults.OutOfMemory),
            ("hung (SIGSTOP)", faults.Hung),
            ("clock steps", faults.ClockStep),
            ("relay board unplugged", faults.BoardUnplugged),
            ("GPIO chip unplugged", faults.ChipUnplugged),
            ("update that crashes", faults.CrashingUpdate),
            ("update that hangs", faults.HangingUpdate),
            ("disk full", faults.DiskFull),
            ("power cut", faults.PowerCut),
            ("disk turns read-only", faults.ReadOnly),
            ("power cut of a disk in error", faults.PowerCutInError),
        ];
        string only = Environment.GetEnvironmentVariable("RIG_FAULTS") ?? "";
        foreach ((string name, Action<FaultRow> fault) in all)
        {
            if (only.Length > 0 && rows.Count > 0 && !only.Split(',').Contains(name)) continue;
            var row = new FaultRow(name);
            rows.Add(row);
            long started = Stopwatch.GetTimestamp();
            try
            {
                fault(row);
            }
            catch (RigException e)
            {
                row.Problem(e.Message);
                if (rows.Count == 1) throw;
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(row.Problems.Count == 0 ? "ok" : "NOT OK")} {name}: safe {row.Safe}, rejoin {row.Rejoin}, lost {row.Lost}; took {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
            foreach (string problem in row.Problems) Console.WriteLine($"  {problem}");
        }

        string table = $"{FaultTable.Render(rows)}\n{Surroundings.Describe(folders, Stopwatch.GetElapsedTime(began))}";
        Console.WriteLine(table);
        File.WriteAllText(Path.Combine(folders.Systemd, "table.md"), table + "\n");
        return rows.TrueForAll(r => r.Problems.Count == 0) ? 0 : 1;
    }
}
