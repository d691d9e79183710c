using System.Buffers;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Named JSON files: those of a directory of this machine come before those inside the binary.</summary>
/// <param name="folder">The embedded folder, <c>boards</c> or <c>sites</c>.</param>
/// <param name="directory">For example <c>/etc/clawmesh-edge/boards</c>; it need not exist.</param>
internal sealed class ConfigDirectory(string folder, string directory)
{
    private const int MaxFileBytes = 1024 * 1024;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    /// <summary>A plain name, never a path.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= 64 && !text.AsSpan().ContainsAnyExcept(NameCharacters);

    public IReadOnlyList<string> Names()
    {
        IEnumerable<string> local = Directory.Exists(directory)
            ? Directory.EnumerateFiles(directory, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Where(IsName)
            : [];
        return [.. local.Union(EmbeddedFiles.Names(folder), StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>The text of a name and where it comes from; null when nobody has it. A local file that cannot be read hides nothing: it is a problem.</summary>
    public (string Text, string Origin)? Read(string name, List<ConfigProblem> problems)
    {
        string local = Path.Combine(directory, name + ".json");
        if (File.Exists(local)) return ReadFile(local, problems) is { } text ? (text, local) : null;
        return EmbeddedFiles.Read(folder, name) is { } embedded ? (embedded, $"embedded:{folder}/{name}") : null;
    }

    /// <summary>Null with a problem when the file is absent, too large or closed to this user.</summary>
    /// <exception cref="EdgeException"><c>storage.read_failed</c>: the disk, not the configuration; the next start may find it well.</exception>
    public static string? ReadFile(string path, List<ConfigProblem> problems)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MaxFileBytes)
            {
                problems.Add(new(ProblemSeverity.Error, path, $"{path} has {file.Length} bytes; at most {MaxFileBytes} are read.", "Check that it is the right file."));
                return null;
            }

            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or PathTooLongException or UnauthorizedAccessException)
        {
            problems.Add(new(ProblemSeverity.Error, path, $"{path} cannot be read: {e.Message}", "Check the path and its permissions."));
            return null;
        }
        catch (IOException disk)
        {
            throw new EdgeException("storage.read_failed", $"Could not read '{path}'.", disk.Message, "Check the disk: `clawmesh-edge diag storage`.", FailureClass.Storage, disk);
        }
    }
}
