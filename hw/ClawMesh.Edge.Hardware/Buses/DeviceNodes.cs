using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>What can be said about device nodes that cannot be opened.</summary>
internal static class DeviceNodes
{
    /// <summary>For example <c>/dev/i2c-0, /dev/i2c-7</c>, in order; empty when there are none.</summary>
    /// <param name="prefix">The beginning of the names in <c>/dev</c>, e.g. <c>i2c-</c>.</param>
    public static string Names(string root, string prefix)
    {
        string directory = Path.Combine(root, "dev");
        if (!Directory.Exists(directory)) return "";
        var names = new List<string>();
        foreach (string path in Directory.EnumerateFileSystemEntries(directory, prefix + "*")) names.Add("/dev/" + Path.GetFileName(path));
        names.Sort(static (a, b) => a.Length != b.Length ? a.Length - b.Length : string.CompareOrdinal(a, b));
        return string.Join(", ", names);
    }

    /// <summary>The group that owns a node, as <c>usermod</c> takes it.</summary>
    /// <param name="usual">The name where the node's group has none or is root's.</param>
    public static string GroupOf(string root, string device, string usual)
    {
        if (PathAccess.OwnerOf(InRoot(root, device)) is not { GroupId: not 0 } owner) return usual;
        return new UnixUsers(root).GroupNameOf(owner.GroupId) ?? usual;
    }

    public static bool Exists(string root, string device) => PathAccess.Look(InRoot(root, device)) != PathSight.Absent;

    public static string InRoot(string root, string path) => Path.Combine(root, path.TrimStart('/'));
}
