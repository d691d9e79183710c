using System.Text;

namespace ClawMesh.Edge.Tests.House;

/// <summary>A text file of the repository.</summary>
/// <param name="Path">From the root, with <c>/</c>.</param>
internal sealed record RepositoryFile(string Path, string Text)
{
    public string Folder => System.IO.Path.GetDirectoryName(Path)!.Replace('\\', '/');

    public bool IsUnder(params ReadOnlySpan<string> folders)
    {
        foreach (string folder in folders)
        {
            if (Path.StartsWith(folder + "/", StringComparison.Ordinal)) return true;
        }

        return false;
    }

    /// <summary>The line a position stands on, for messages.</summary>
    public string At(int index) => $"{Path}:{Text.AsSpan(0, index).Count('\n') + 1}";
}

/// <summary>The sources these tests were built from. Needs no git: a copy without history is held to the same rules.</summary>
internal static class Repository
{
    private const string Landmark = "ClawMesh.Edge.sln";

    public static string Root { get; } = FindRoot();

    private static readonly HashSet<string> NotSource =
        new([".git", "artifacts", "bin", "obj", ".vs", ".idea", "TestResults", "BenchmarkDotNet.Artifacts", "node_modules"], StringComparer.Ordinal);

    private static readonly Lazy<IReadOnlyList<RepositoryFile>> All = new(() => [.. Enumerate(Root).Select(Read).OfType<RepositoryFile>().OrderBy(f => f.Path, StringComparer.Ordinal)]);

    public static IReadOnlyList<RepositoryFile> Files => All.Value;

    /// <summary>C# files under the given top-level folders.</summary>
    public static IEnumerable<RepositoryFile> CSharp(params string[] folders) =>
        Files.Where(f => f.Path.EndsWith(".cs", StringComparison.Ordinal) && f.IsUnder(folders));

    /// <summary>Every project of what ships, by its name without the house's prefix.</summary>
    public static IEnumerable<(string Name, RepositoryFile File)> ShippedProjects() =>
        Files.Where(f => f.Path.EndsWith(".csproj", StringComparison.Ordinal) && f.IsUnder("src", "hw"))
            .Select(f => (ShortName(f.Path), f));

    /// <summary>For example <c>Trust</c> for <c>src/ClawMesh.Edge.Trust/ClawMesh.Edge.Trust.csproj</c>.</summary>
    public static string ShortName(string projectPath) =>
        Path.GetFileNameWithoutExtension(projectPath).Replace("ClawMesh.Edge.", "", StringComparison.Ordinal);

    public static string Text(string path) =>
        Files.FirstOrDefault(f => f.Path == path)?.Text ?? throw new FileNotFoundException($"The repository has no '{path}'.");

    private static IEnumerable<string> Enumerate(string directory) =>
    [
        .. Directory.EnumerateFiles(directory),
        .. Directory.EnumerateDirectories(directory).Where(d => !NotSource.Contains(Path.GetFileName(d))).SelectMany(Enumerate),
    ];

    private static RepositoryFile? Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        return bytes.Contains((byte)0) ? null : new RepositoryFile(Path.GetRelativePath(Root, path).Replace('\\', '/'), Encoding.UTF8.GetString(bytes));
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, Landmark))) return at.FullName;
        }

        throw new DirectoryNotFoundException($"No directory above '{AppContext.BaseDirectory}' holds {Landmark}.");
    }
}
