namespace ClawMesh.Edge.Tests.Native;

/// <summary>An empty directory that is gone after the test.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("clawmesh-test-").FullName;

    internal string At(string relative) => System.IO.Path.Combine(Path, relative);

    /// <summary>Writes a file and the directories above it.</summary>
    internal string Put(string relative, string text)
    {
        string path = At(relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
