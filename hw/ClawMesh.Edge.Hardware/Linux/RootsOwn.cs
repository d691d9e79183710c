namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Whether a file is root's own: then root may load it as a program although somebody else named it.</summary>
public static class RootsOwn
{
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Looks at the file and every directory above it; of what is not there, at the directories that are.</summary>
    /// <param name="path">Links on it are followed first.</param>
    /// <param name="real">The path that was judged, without links; to be used from here on.</param>
    /// <returns>Null, or why not.</returns>
    public static string? WhyNot(string path, out string real)
    {
        string full = Path.GetFullPath(path);
        string rest = "";
        string? there = RegularFile.RealPath(full);
        while (there is null)
        {
            rest = Path.Combine(Path.GetFileName(full), rest);
            full = Path.GetDirectoryName(full) ?? "/";
            there = RegularFile.RealPath(full);
        }

        real = rest.Length == 0 ? there : Path.Combine(there, rest.TrimEnd('/'));
        for (string? at = there; at is not null; at = Path.GetDirectoryName(at))
        {
            if (PathAccess.OwnerOf(at) is not { } owner) return $"it cannot be told whose '{at}' is";
            if (owner.UserId != 0) return $"'{at}' belongs to user {owner.UserId} and not to root";
            UnixFileMode mode = UnixMode.Of(at);
            // A directory for everybody may be above if it is sticky (inode(7)): what is root's in it nobody else can replace.
            bool sticky = (mode & UnixFileMode.StickyBit) != 0 && at != there;
            if ((mode & OthersWrite) != 0 && !sticky) return $"others than root may write '{at}' (mode {UnixMode.Octal(mode)})";
        }

        return null;
    }
}
