using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Whether the processor has the instructions the published binary is compiled for (<c>IlcInstructionSet</c> in aot/Aot.props).</summary>
public static class CpuFeatures
{
    // The kernel's spelling in /proc/cpuinfo; "abm" is what it calls LZCNT (arch/x86/include/asm/cpufeatures.h).
    private static readonly string[] NeededOnX64 = ["avx2", "bmi1", "bmi2", "fma", "abm", "movbe", "popcnt"];

    /// <summary>Null when everything is there (always on arm64, where NEON is part of the architecture), otherwise a sentence for a person.</summary>
    public static string? Check(string root = "/") =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? CheckX64(Path.Combine(root, "proc/cpuinfo")) : null;

    internal static string? CheckX64(string cpuinfo)
    {
        try
        {
            foreach (string line in File.ReadLines(cpuinfo))
            {
                if (!line.StartsWith("flags", StringComparison.Ordinal)) continue;
                string[] flags = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                string[] missing = [.. NeededOnX64.Except(flags)];
                return missing.Length == 0
                    ? null
                    : $"This processor lacks {string.Join(", ", missing)}; the binary needs an x86-64-v3 processor (Intel Haswell 2013, AMD Excavator 2015, or later). "
                        + "Build one without IlcInstructionSet in aot/Aot.props for this machine; forecasts will be slow.";
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Not knowing is no reason to refuse: the runtime itself stops on a processor that is too old.
        }

        return null;
    }
}
