using System.Diagnostics;

namespace ClawMesh.Edge.BootRig;

/// <summary>The machines and nodes this process started: none outlives it, also when it is interrupted.</summary>
internal static class Children
{
    private static readonly HashSet<Process> Alive = [];

    static Children()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => EndAll();
        AppDomain.CurrentDomain.UnhandledException += (_, _) => EndAll();
    }

    public static Process Start(ProcessStartInfo start)
    {
        Process process = Process.Start(start)!;
        lock (Alive) Alive.Add(process);
        return process;
    }

    /// <summary>SIGKILL, and waits for it.</summary>
    public static void Kill(Process process)
    {
        lock (Alive) Alive.Remove(process);
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
    }

    private static void EndAll()
    {
        lock (Alive)
        {
            foreach (Process process in Alive)
            {
                if (!process.HasExited) process.Kill();
            }
        }
    }
}
