using System.Reflection;
using System.Text;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>The boards and sites inside the binary, by their names in the csproj. Manifest resources are data, not reflection over types.</summary>
internal static class EmbeddedFiles
{
    private const string Extension = ".json";

    private static readonly Assembly Home = typeof(EmbeddedFiles).Assembly;

    /// <param name="folder"><c>boards</c> or <c>sites</c>.</param>
    public static IReadOnlyList<string> Names(string folder) =>
    [
        .. Home.GetManifestResourceNames()
            .Where(name => name.StartsWith($"{folder}/", StringComparison.Ordinal) && name.EndsWith(Extension, StringComparison.Ordinal))
            .Select(name => name[(folder.Length + 1)..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Null when there is no such file.</summary>
    public static string? Read(string folder, string name)
    {
        using Stream? stream = Home.GetManifestResourceStream($"{folder}/{name}{Extension}");
        if (stream is null) return null;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
