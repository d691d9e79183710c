namespace ClawMesh.Edge.Hardware.Inference.Onnx;

/// <summary>Where ONNX Runtime may be on this machine.</summary>
public static class OrtSearch
{
    /// <summary>Its name from 1.0 on; the bare one comes with development packages and own builds.</summary>
    private static readonly string[] Names = ["libonnxruntime.so.1", "libonnxruntime.so"];

    // First the package's own folder, which is the same whichever update runs. Own builds and Jetson containers install to /usr/local/lib; JetPack's packages and Debian's to the folder of the architecture.
    private static readonly string[] SystemFolders = ["usr/lib/clawmesh-edge/onnxruntime", "usr/lib/aarch64-linux-gnu", "usr/local/lib", "usr/lib/x86_64-linux-gnu", "opt/onnxruntime/lib", "usr/lib"];

    /// <summary>The files to try, first to last.</summary>
    /// <param name="configured">A file or a folder; when given, nothing else is tried: another library than the one named might lack the GPU.</param>
    /// <param name="binaryFolder">Where this program lies.</param>
    /// <param name="root"><c>/</c>, or the root of a tree of files in tests.</param>
    public static IReadOnlyList<string> Candidates(string? configured, string binaryFolder, string root)
    {
        if (configured is not null) return Directory.Exists(configured) ? In(configured) : [configured];
        var found = new List<string>(In(binaryFolder));
        foreach (string folder in SystemFolders) found.AddRange(In(Path.Combine(root, folder)));
        return found;
    }

    private static string[] In(string folder) => [.. Names.Select(name => Path.Combine(folder, name))];
}
