using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Service;

/// <summary>Writes files for others to read, whatever the umask of the shell that <c>service install</c> was typed into.</summary>
internal static class ServiceWriter
{
    /// <summary>Writes the file unless it holds exactly this already.</summary>
    public static (StepState State, string Detail) Put(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        bool there = File.Exists(path);
        if (there && new FileInfo(path).LinkTarget is null && Holds(path, content) && UnixMode.Of(path) == mode) return (StepState.Unchanged, path);
        MakeDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, content, mode);
        // Only below directories of root: nobody could have put a link in its place meanwhile.
        File.SetUnixFileMode(path, mode);
        return (StepState.Done, there ? $"{path}, replaced" : path);
    }

    /// <summary>Copies a program in one step, so that one that runs is not written over.</summary>
    public static (StepState State, string Detail) Copy(string from, string to) => Put(to, File.ReadAllBytes(from), ServiceFiles.Executable);

    /// <summary>With every directory above it that is missing, readable for everybody.</summary>
    public static void MakeDirectory(string path)
    {
        if (Directory.Exists(path)) return;
        if (Path.GetDirectoryName(path) is { } parent) MakeDirectory(parent);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, ServiceFiles.Executable);
    }

    private static bool Holds(string path, ReadOnlySpan<byte> content) =>
        new FileInfo(path).Length == content.Length && content.SequenceEqual(File.ReadAllBytes(path));
}
