using System.Diagnostics;
using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>Many power cuts of the small guest, in one or two lanes beside each other.</summary>
internal static class CutRun
{
    private const string NodeFile = """{ "name": "boot-rig", "meshName": "boot-rig", "discovery": false }""";

    public static int Run(RigFolders folders, NodeProgram node, int cuts, int seed, int lanes, TimeSpan limit)
    {
        folders.PrepareKernel();
        // A folder for each seed: two runs do not meet.
        string work = folders.Fresh(string.Create(CultureInfo.InvariantCulture, $"cuts-{seed}"));
        string initramfs = folders.PrepareSmallGuest(node.Binary, work);
        long began = Stopwatch.GetTimestamp();
        var tally = new CutTally(cuts, limit);
        var failures = new List<string>();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cuts} power cuts, seed {seed}, {lanes} machines"));
        Thread[] threads = [.. Enumerable.Range(0, lanes).Select(lane => new Thread(() => Lane(lane)))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        string summary = $"{tally.Summary()}\n\n{Surroundings.Describe(folders, Stopwatch.GetElapsedTime(began))}";
        Console.WriteLine(summary);
        File.WriteAllText(Path.Combine(work, "power-cuts.md"), summary + "\n");
        foreach (string failure in failures) Console.Error.WriteLine($"rig: {failure}");
        return failures.Count > 0 ? 3 : tally.Passed ? 0 : 1;

        void Lane(int lane)
        {
            try
            {
                string folder = Directory.CreateDirectory(Path.Combine(work, $"lane-{lane}")).FullName;
                string state = Directory.CreateDirectory(Path.Combine(folder, "state")).FullName;
                node.Identity(state);
                File.WriteAllText(Path.Combine(state, "node.json"), NodeFile);
                var disk = new DataDisk(folder, volatileCache: true);
                disk.Create(state);
                new PowerCuts(lane, folder, new MachineParts(Path.Combine(folder, "vm"), folders.Kernel, initramfs, null, disk, RigFolders.FreePort()), node, new Random(seed * 1000 + lane), tally).Run();
            }
            catch (RigException e)
            {
                lock (failures) failures.Add($"lane {lane}: {e.Message}");
            }
        }
    }
}
