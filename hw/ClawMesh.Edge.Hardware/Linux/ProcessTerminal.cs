using System.Globalization;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// Whether a process reads from a terminal that a person sits at, as the kernel tells it in <c>/proc</c>. A process that runs as this
/// user may own a terminal and feed it by itself; what this keeps out is a pipe, a file, a service, a cron job.
/// </summary>
public static class ProcessTerminal
{
    /// <summary>Null when the process has a controlling terminal, is in its foreground, and reads it as standard input; otherwise what is missing.</summary>
    /// <param name="mayLook">False where the kernel does not let this process see the other's files: another user's process, and not root. Then the controlling terminal alone counts.</param>
    public static string? Missing(int processId, bool mayLook, string proc = "/proc")
    {
        string folder = Path.Combine(proc, processId.ToString(CultureInfo.InvariantCulture));
        string stat;
        try
        {
            stat = File.ReadAllText(Path.Combine(folder, "stat"));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return "the kernel says nothing about the process";
        }

        // The name in parentheses may hold anything: state, ppid, pgrp, session, tty_nr, tpgid come after the last of them (proc(5)).
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 6 || !Number(fields[2], out long group) || !Number(fields[4], out long terminal) || !Number(fields[5], out long foreground)) return "the kernel says nothing about the process";
        if (terminal == 0) return "the process has no controlling terminal";
        if (group != foreground) return "the process is not in the foreground of its terminal";
        string? input = new FileInfo(Path.Combine(folder, "fd", "0")).LinkTarget;
        if (input is null) return mayLook ? "the process has no standard input" : null;
        return IsTerminal(input) ? null : "its standard input is no terminal";
    }

    /// <summary>Whether the process has a controlling terminal: then its end of a session is somebody's hanging up. False where the kernel does not say.</summary>
    public static bool HasControlling(int processId, string proc = "/proc")
    {
        try
        {
            string stat = File.ReadAllText(Path.Combine(proc, processId.ToString(CultureInfo.InvariantCulture), "stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 4 && Number(fields[4], out long terminal) && terminal != 0;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsTerminal(string path) =>
        path.StartsWith("/dev/pts/", StringComparison.Ordinal) || path.StartsWith("/dev/tty", StringComparison.Ordinal) || path == "/dev/console";

    private static bool Number(string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
}
