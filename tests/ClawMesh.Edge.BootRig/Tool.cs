using System.Diagnostics;
using System.Text;

namespace ClawMesh.Edge.BootRig;

/// <summary>What a program said before it ended.</summary>
internal sealed record ToolResult(int Status, string Output, string Error)
{
    public ToolResult OrThrow(string what) => Status == 0 ? this : throw new RigException($"{what} ended with {Status}: {Error.Trim()} {Output.Trim()}");
}

/// <summary>The rig itself is at fault, not the node.</summary>
internal sealed class RigException(string message) : Exception(message);

internal static class Tool
{
    public static ToolResult Run(TimeSpan limit, string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = new StringBuilder();
        var error = new StringBuilder();
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return new ToolResult(124, output.ToString(), $"did not end within {limit.TotalSeconds} s");
        }

        // Until both ends of the pipes are read.
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output.ToString(), error.ToString());
    }

    private static void Keep(StringBuilder to, string? line)
    {
        if (line is null) return;
        lock (to) to.Append(line).Append('\n');
    }
}
