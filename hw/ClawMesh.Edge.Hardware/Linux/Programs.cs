using System.Collections;
using System.Text;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Minus the signal when one ended it.</param>
/// <param name="Output">What it said, at most 64 KiB of it.</param>
/// <param name="TimedOut">It took longer than it was given and was killed.</param>
public sealed record ProgramResult(int ExitCode, string Output, bool TimedOut = false)
{
    public bool Ok => ExitCode == 0;

    /// <summary>The last line that says something, for an error.</summary>
    public string LastLine
    {
        get
        {
            string[] lines = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return lines.Length == 0 ? "it said nothing" : lines[^1];
        }
    }
}

/// <summary>Runs the machine's own programs, such as <c>systemctl</c>. Blocks; never waits longer than it was told.</summary>
/// <remarks>Not System.Diagnostics.Process: what that brings along is larger than all that uses it here.</remarks>
public static class Programs
{
    private const int MaxOutput = 64 * 1024;

    // A killed program that is still there sits in a call of the kernel's that ends by itself or never.
    private static readonly TimeSpan ReapLimit = TimeSpan.FromSeconds(2);

    // PATH of root is not to be trusted with what runs as root.
    private static readonly string[] Folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

    /// <summary>Null when there is no such program.</summary>
    /// <param name="program">A path, or a name that is looked for where the system keeps its programs.</param>
    /// <param name="limit">Then it is killed; its exit code is −9.</param>
    /// <param name="withErrors">Whether its standard error belongs to the output; otherwise it goes where this program's goes.</param>
    /// <param name="root">A tree that a test has laid out, whose <c>bin</c> comes first; empty otherwise.</param>
    public static ProgramResult? Run(string program, IReadOnlyList<string> arguments, TimeSpan limit, TimeProvider time, bool withErrors = true, string root = "")
    {
        string? path = Find(program, root);
        if (path is null) return null;
        int error = ChildProcess.Start(path, arguments, Environment(), withErrors, out int processId, out SafeFileHandle output);
        using (output)
        {
            return error == 0
                ? Collect(processId, output, limit, time)
                : new ProgramResult(-1, $"{path} could not be started: {LinuxFault.Text(error)}");
        }
    }

    private static ProgramResult Collect(int processId, SafeFileHandle output, TimeSpan limit, TimeProvider time)
    {
        long begun = time.GetTimestamp();
        var text = new MemoryStream();
        Span<byte> buffer = stackalloc byte[4096];
        bool open = true;
        bool killed = false;
        while (true)
        {
            TimeSpan left = limit - time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero && !killed)
            {
                ChildProcess.End(processId);
                killed = true;
            }

            if (left <= -ReapLimit) return Ended(-9, text, killed);

            // A child of its that keeps the pipe, or goes on writing, is not waited for once it has ended itself.
            if (open)
            {
                int count = ChildProcess.Read(output, buffer, 50);
                if (count == 0) open = false;
                else if (count > 0 && text.Length < MaxOutput) text.Write(buffer[..count]);
            }

            if (ChildProcess.TryReap(processId) is { } code)
            {
                for (int count = 1; open && count > 0 && text.Length < MaxOutput;)
                {
                    count = ChildProcess.Read(output, buffer, 0);
                    if (count > 0) text.Write(buffer[..count]);
                }

                return Ended(code, text, killed);
            }

            if (!open) ChildProcess.Pause(10);
        }
    }

    private static ProgramResult Ended(int code, MemoryStream text, bool killed) => new(code, Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), killed);

    private static string? Find(string program, string root)
    {
        if (program.Contains('/')) return File.Exists(program) ? program : null;
        if (root.Length > 0 && Path.Combine(root, "bin", program) is var own && File.Exists(own)) return own;
        foreach (string folder in Folders)
        {
            string path = Path.Combine(folder, program);
            if (File.Exists(path)) return path;
        }

        return null;
    }

    // What is said must be parsed, so in plain words and without a pager.
    private static List<string> Environment()
    {
        var texts = new List<string> { "LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0" };
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            string name = (string)entry.Key;
            if (name is not ("LC_ALL" or "SYSTEMD_PAGER" or "SYSTEMD_COLORS")) texts.Add($"{name}={entry.Value}");
        }

        return texts;
    }
}
