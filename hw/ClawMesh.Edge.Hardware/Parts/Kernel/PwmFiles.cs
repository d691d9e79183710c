namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>Reads and writes attributes of sysfs. The machine is one implementation; a test's keeps the kernel's rules on plain files.</summary>
internal interface IPwmFiles
{
    /// <summary>Trimmed.</summary>
    /// <exception cref="IOException">Its HResult is the kernel's error number.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    string Read(string path);

    /// <exception cref="IOException">Its HResult is the kernel's error number.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    void Write(string path, string text);
}

internal sealed class PwmFiles : IPwmFiles
{
    public string Read(string path) => File.ReadAllText(path).Trim();

    // Not File.WriteAllText: it truncates, which sysfs has no use for.
    public void Write(string path, string text)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, System.Text.Encoding.ASCII.GetBytes(text), 0);
    }
}
