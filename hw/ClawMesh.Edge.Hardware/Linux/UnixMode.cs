// The product runs on Linux only; the analyser asks what would happen on Windows.
#pragma warning disable CA1416

using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Permission bits of files and directories.</summary>
public static class UnixMode
{
    /// <summary>0600: for keys and everything else that is nobody's business.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>0700: for the directories of such files.</summary>
    public const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;

    private const UnixFileMode NotOwner =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <exception cref="IOException">The file cannot be looked at.</exception>
    public static UnixFileMode Of(string path) => File.GetUnixFileMode(path);

    /// <summary>Whether anybody but the owner (and root) has any right to it.</summary>
    public static bool IsOpenToOthers(UnixFileMode mode) => (mode & NotOwner) != 0;

    /// <summary>The way <c>chmod</c> takes it: <c>0600</c>.</summary>
    public static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8);

    /// <summary>Creates the directory and missing parents with this mode; one that exists is left as it is.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void CreateDirectory(string path, UnixFileMode mode)
    {
        try
        {
            Directory.CreateDirectory(path, mode);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new EdgeException(
                "storage.write_failed",
                what: $"Could not create the directory '{path}'.",
                why: failure.Message,
                fix: "Check who owns its parent directory and whether the file system is mounted read-only.",
                failureClass: FailureClass.Storage,
                inner: failure);
        }
    }

    /// <summary>Takes every right to a directory from all but its owner.</summary>
    /// <exception cref="IOException">It cannot be changed.</exception>
    public static void Close(string directory) => File.SetUnixFileMode(directory, OwnerOnlyDirectory);

    internal static FileStreamOptions NewFile(UnixFileMode mode) => new()
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.Write,
        Share = FileShare.None,
        BufferSize = 0,
        UnixCreateMode = mode,
    };
}
