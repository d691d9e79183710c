using System.Globalization;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Journal;

/// <summary>
/// Sets a journal aside without changing a byte of it. The new names carry the time, and a journal created later in the same
/// directory reads it there: whatever interrupts a reset, commands from before it stay refused ([X-44]).
/// </summary>
public static class JournalReset
{
    private const string Mark = ".reset-";
    private const string StampFormat = "yyyyMMdd'T'HHmmssfff'Z'";

    /// <summary>Renames <c>edge.db</c> and the files beside it to <c>edge.db.reset-STAMP</c>…; for a node that is not running.</summary>
    /// <returns>The full new names; empty when there was no journal.</returns>
    /// <exception cref="EdgeException"><c>journal.reset_failed</c>: a file could not be renamed.</exception>
    public static IReadOnlyList<string> Rename(string stateDirectory, TimeProvider time)
    {
        var paths = new JournalPaths(stateDirectory);
        string stamp = time.GetUtcNow().UtcDateTime.ToString(StampFormat, CultureInfo.InvariantCulture);
        var renamed = new List<string>();
        foreach (string path in paths.All)
        {
            if (!File.Exists(path)) continue;
            string target = paths.Database + Mark + stamp + path[paths.Database.Length..];
            try
            {
                File.Move(path, target, overwrite: false);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new EdgeException(
                    "journal.reset_failed", $"Could not rename '{path}'.", fault.Message,
                    $"Make '{paths.StateDirectory}' writable and run `clawmesh-edge journal reset` again.", FailureClass.Storage, fault);
            }

            renamed.Add(target);
        }

        return renamed;
    }

    /// <summary>The time of the newest reset in this directory; null when there was none.</summary>
    internal static DateTimeOffset? NewestReset(JournalPaths paths)
    {
        string prefix = Path.GetFileName(paths.Database) + Mark;
        DateTimeOffset? newest = null;
        foreach (string path in Directory.EnumerateFiles(paths.StateDirectory, prefix + "*"))
        {
            string stamp = Path.GetFileName(path)[prefix.Length..].Split('-', '.')[0];
            bool parsed = DateTimeOffset.TryParseExact(
                stamp, StampFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at);
            if (parsed && !(at <= newest)) newest = at;
        }

        return newest;
    }
}
