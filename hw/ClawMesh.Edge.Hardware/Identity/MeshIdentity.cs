using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>Which mesh this node belongs to ([W-29], [W-30]).</summary>
public static class MeshIdentity
{
    public const string RelativePath = "mesh/mesh-id";

    private const int MaxFileBytes = 4096;

    /// <summary>The id of a named mesh: SHA-256 of <c>clawmesh|mesh|</c> and the trimmed name, lower-case hex.</summary>
    public static string OfName(string meshName) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("clawmesh|mesh|" + TrimmedAsInJavaScript(meshName))));

    /// <summary>Whether a text has one of the two forms of a mesh id: 64 lower-case hex digits ([W-29]), or a UUID ([W-30]).</summary>
    public static bool IsMeshId(string text) => Core.Identity.NodeId.IsWellFormed(text) || (text.Length == 36 && Guid.TryParseExact(text, "D", out _));

    /// <summary>The id of an unnamed mesh from <c>&lt;state&gt;/mesh/mesh-id</c>, invented by <paramref name="newId"/> on first use.</summary>
    /// <param name="newId">Makes a random UUIDv4, such as <see cref="Guid.NewGuid"/>.</param>
    /// <exception cref="EdgeException"><c>mesh.id_unreadable</c>: there is a file without a UUID in it, untouched. <c>storage.write_failed</c>.</exception>
    public static string LoadOrCreate(string stateDirectory, Func<Guid> newId)
    {
        string path = Path.Combine(stateDirectory, RelativePath);
        if (Read(path) is { } known) return known;

        UnixMode.CreateDirectory(Path.GetDirectoryName(path)!, UnixMode.OwnerOnlyDirectory);
        string invented = newId().ToString("D");
        return AtomicFile.TryCreate(path, Encoding.ASCII.GetBytes(invented + "\n"), UnixMode.OwnerOnly)
            ? invented
            : Read(path) ?? throw Unreadable(path, "It is there and yet cannot be opened; it may be a dangling symbolic link.");
    }

    /// <summary>The id of an unnamed mesh if one was invented already, otherwise null. Writes nothing.</summary>
    /// <exception cref="EdgeException"><c>mesh.id_unreadable</c>.</exception>
    public static string? TryLoad(string stateDirectory) => Read(Path.Combine(stateDirectory, RelativePath));

    private static string? Read(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxFileBytes }) throw Unreadable(path, "It is too long for one UUID.");
            string id = File.ReadAllText(path).TrimEnd();
            return Guid.TryParseExact(id, "D", out _) ? id : throw Unreadable(path, "It does not hold one UUID.");
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, unreadable.Message);
        }
    }

    // String.prototype.trim takes U+FEFF for white space and U+0085 not; .NET has it the other way round. Both ends must hash the same.
    private static string TrimmedAsInJavaScript(string name)
    {
        int start = 0;
        int end = name.Length;
        while (start < end && IsWhiteSpace(name[start])) start++;
        while (end > start && IsWhiteSpace(name[end - 1])) end--;
        return name[start..end];
    }

    private static bool IsWhiteSpace(char c) => c == '\uFEFF' || (c != '\u0085' && char.IsWhiteSpace(c));

    private static EdgeException Unreadable(string path, string why) => new(
        "mesh.id_unreadable",
        what: $"Could not read the mesh id '{path}'.",
        why,
        fix: "Give the mesh a name with --mesh-name or `meshName` in node.json, or move the file away to start a mesh of its own.",
        failureClass: FailureClass.Config);
}
