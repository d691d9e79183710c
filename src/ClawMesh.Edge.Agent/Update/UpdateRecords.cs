using System.Globalization;
using System.Text;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>Text of <c>key=value</c> lines, as the start guard reads and writes it: a shell script parses nothing else safely.</summary>
internal static class KeyLines
{
    // Both files are written by this program and its guard; more is somebody else's.
    private const int MaxBytes = 16 * 1024;

    // Version, uptime, a word and what ails the node; one of these files is the node's own and may be anything.
    private const int MaxLine = 400;

    /// <summary>Null when there is no such file, or it cannot be read.</summary>
    public static Dictionary<string, string>? Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists && file.Length <= MaxBytes ? Parse(File.ReadAllText(path)) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Gone between the two questions, or not for this user: the same as absent to whoever asks.
            return null;
        }
    }

    /// <summary>Its first line, without its end and cut where nobody's would be longer; empty when there is no such file, or it cannot be read.</summary>
    public static string FirstLine(string path)
    {
        // A node that never ran has said nothing; the same as silence to whoever asks.
        string head = RegularFile.Head(path, MaxLine) ?? "";
        int end = head.IndexOf('\n');
        char[] line = (end < 0 ? head : head[..end]).ToCharArray();

        // It goes to root's terminal.
        for (int i = 0; i < line.Length; i++)
        {
            if (char.IsControl(line[i])) line[i] = ' ';
        }

        return new string(line).Trim();
    }

    public static long Number(Dictionary<string, string> lines, string key) =>
        long.TryParse(lines.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    private static Dictionary<string, string> Parse(string text)
    {
        var lines = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in text.Split('\n'))
        {
            int equals = line.IndexOf('=');
            if (equals > 0) lines[line[..equals]] = line[(equals + 1)..].Trim();
        }

        return lines;
    }
}

/// <summary>An update that runs and is not committed yet. Written by <c>update apply</c>, counted, judged and removed by the start guard.</summary>
/// <param name="Previous">What is put back: a release, or <see cref="UpdatePaths.PackagedName"/>.</param>
/// <param name="Started">Wall clock, for people.</param>
/// <param name="Boot">The boot that <paramref name="Deadline"/> is of.</param>
/// <param name="Deadline">Seconds of machine uptime.</param>
/// <param name="Need">Seconds of health that commit it.</param>
/// <param name="Window">Seconds it has for that, from its first start in a boot.</param>
/// <param name="Before">What the old version said ailed it: no fault of the update.</param>
internal sealed record Trial(string Release, string Previous, int Starts, long Started, string Boot, long Deadline, long Need, long Window, string Before)
{
    /// <summary>Null when there is none, or it makes no sense.</summary>
    public static Trial? Read(string path)
    {
        if (KeyLines.Read(path) is not { } lines || !lines.TryGetValue("release", out string? release) || !lines.TryGetValue("previous", out string? previous)) return null;
        return new Trial(
            release, previous, (int)KeyLines.Number(lines, "starts"), KeyLines.Number(lines, "started"), lines.GetValueOrDefault("boot", ""),
            KeyLines.Number(lines, "deadline"), KeyLines.Number(lines, "need"), KeyLines.Number(lines, "window"), lines.GetValueOrDefault("before", ""));
    }

    public byte[] Write() => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"release={Release}\nprevious={Previous}\nstarts={Starts}\nstarted={Started}\nboot={Boot}\ndeadline={Deadline}\nneed={Need}\nwindow={Window}\nbefore={Before}\n"));
}

/// <summary>How the last trial ended.</summary>
/// <param name="Result"><c>committed</c>, <c>rolled-back</c> or <c>interrupted</c>.</param>
internal sealed record UpdateResult(string Result, string Release, string Previous, long Time, string Reason)
{
    public const string Committed = "committed";

    /// <summary>Null when no trial has ended here.</summary>
    public static UpdateResult? Read(string path) => KeyLines.Read(path) is { } lines && lines.TryGetValue("result", out string? result)
        ? new UpdateResult(result, lines.GetValueOrDefault("release", ""), lines.GetValueOrDefault("previous", ""), KeyLines.Number(lines, "time"), lines.GetValueOrDefault("reason", ""))
        : null;
}
