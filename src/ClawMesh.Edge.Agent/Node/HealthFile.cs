using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// One line every few seconds for the start guard, which judges an update by it: version, seconds of machine uptime, <c>healthy</c> or
/// <c>unhealthy</c> with words for what is wrong. Only a node that runs as the service writes it.
/// </summary>
internal sealed class HealthFile(string path, string version, Func<IReadOnlyList<string>> ailments, string uptimeFile = "/proc/uptime")
{
    // A line the guard reads in one go.
    private const int MaxWords = 12;

    private const UnixFileMode ReadableByAll = (UnixFileMode)0b110_100_100;

    /// <summary>A third of the age at which the guard stops believing the file.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    /// <summary>Where the service keeps it; null for a node that somebody started by hand.</summary>
    public static string? PathFor(Func<string, string?> variable) =>
        variable("INVOCATION_ID") is { Length: > 0 } && variable("RUNTIME_DIRECTORY") is { Length: > 0 } directory ? directory.Split(':')[0] + "/health" : null;

    /// <summary>Never throws: a node that cannot say how it is goes on, and the guard takes silence for illness.</summary>
    public void Write()
    {
        try
        {
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(Line()), ReadableByAll);
        }
        catch (EdgeException)
        {
            // See above; the disk's own trouble is told by those who need the disk.
            return;
        }
    }

    private string Line()
    {
        var line = new StringBuilder().Append(version).Append(' ').Append(Uptime().ToString(CultureInfo.InvariantCulture));
        IReadOnlyList<string> words = ailments();
        line.Append(words.Count == 0 ? " healthy" : " unhealthy");
        for (int i = 0; i < words.Count && i < MaxWords; i++) line.Append(' ').Append(words[i]);
        if (words.Count > MaxWords) line.Append(' ').Append(Update.HealthWords.More);
        return line.Append('\n').ToString();
    }

    // The guard reads the same file. The clocks of the base library stand still while a machine sleeps.
    private long Uptime()
    {
        try
        {
            string text = File.ReadAllText(uptimeFile);
            int dot = text.AsSpan().IndexOfAny('.', ' ');
            return long.TryParse(dot < 0 ? text : text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) ? seconds : 0;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Zero is stale everywhere but in the first seconds of a boot.
            return 0;
        }
    }
}
